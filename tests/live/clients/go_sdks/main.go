// SPDX-License-Identifier: Apache-2.0

// The providers' own SDKs for Go, unmodified: sdks JOBS [gather]. Each job names its SDK by its
// endpoint; prints one JSON line per job with the usage that the SDK saw.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"

	"github.com/anthropics/anthropic-sdk-go"
	anthropicoption "github.com/anthropics/anthropic-sdk-go/option"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/responses"
)

type job struct {
	Ask      string
	Endpoint string
	Stream   bool
	Model    string
}

func (j job) say() string { return "exchange:" + j.Ask }

// What the SDK says, of total tokens where the API counts them.
type usage struct {
	Total int64 `json:"total_tokens"`
}

type clients struct {
	openai    openai.Client
	anthropic anthropic.Client
	bedrock   *bedrockruntime.Client
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Keys and base URLs come from the environment, as the SDKs read them.
func connect() clients {
	return clients{
		openai:    openai.NewClient(option.WithMaxRetries(0)),
		anthropic: anthropic.NewClient(anthropicoption.WithMaxRetries(0)),
		bedrock: bedrockruntime.New(bedrockruntime.Options{
			Region:           "us-east-1",
			BaseEndpoint:     aws.String(os.Getenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME")),
			RetryMaxAttempts: 1,
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "AKIADUMMY", SecretAccessKey: "sk-dummy-aws"}, nil
			}),
		}),
	}
}

func (c clients) chat(ctx context.Context, j job) (seen usage, err error) {
	ask := openai.ChatCompletionNewParams{
		Model:    j.Model,
		Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage(j.say())},
	}
	if !j.Stream {
		answer, err := c.openai.Chat.Completions.New(ctx, ask)
		if err != nil {
			return seen, err
		}
		return usage{answer.Usage.TotalTokens}, nil
	}
	ask.StreamOptions.IncludeUsage = openai.Bool(true)
	stream := c.openai.Chat.Completions.NewStreaming(ctx, ask)
	for stream.Next() {
		if total := stream.Current().Usage.TotalTokens; total != 0 {
			seen = usage{total}
		}
	}
	return seen, stream.Err()
}

func (c clients) responses(ctx context.Context, j job) (seen usage, err error) {
	ask := responses.ResponseNewParams{
		Model: j.Model,
		Input: responses.ResponseNewParamsInputUnion{OfString: openai.String(j.say())},
	}
	if !j.Stream {
		answer, err := c.openai.Responses.New(ctx, ask)
		if err != nil {
			return seen, err
		}
		return usage{answer.Usage.TotalTokens}, nil
	}
	stream := c.openai.Responses.NewStreaming(ctx, ask)
	for stream.Next() {
		if total := stream.Current().Response.Usage.TotalTokens; total != 0 {
			seen = usage{total}
		}
	}
	return seen, stream.Err()
}

func (c clients) embeddings(ctx context.Context, j job) (seen usage, err error) {
	answer, err := c.openai.Embeddings.New(ctx, openai.EmbeddingNewParams{
		Model: j.Model,
		Input: openai.EmbeddingNewParamsInputUnion{OfString: openai.String(j.say())},
	})
	if err != nil {
		return seen, err
	}
	return usage{answer.Usage.TotalTokens}, nil
}

func (c clients) messages(ctx context.Context, j job) (seen usage, err error) {
	ask := anthropic.MessageNewParams{
		Model:     anthropic.Model(j.Model),
		MaxTokens: 1024,
		Messages:  []anthropic.MessageParam{anthropic.NewUserMessage(anthropic.NewTextBlock(j.say()))},
	}
	var answer anthropic.Message
	if j.Stream {
		stream := c.anthropic.Messages.NewStreaming(ctx, ask)
		for stream.Next() {
			if err := answer.Accumulate(stream.Current()); err != nil {
				return seen, err
			}
		}
		err = stream.Err()
	} else if got, failed := c.anthropic.Messages.New(ctx, ask); failed == nil {
		answer = *got
	} else {
		err = failed
	}
	u := answer.Usage
	return usage{u.InputTokens + u.CacheCreationInputTokens + u.CacheReadInputTokens + u.OutputTokens}, err
}

func total(u *types.TokenUsage) usage {
	if u == nil {
		return usage{}
	}
	return usage{int64(aws.ToInt32(u.TotalTokens))}
}

func (c clients) converse(ctx context.Context, j job) (seen usage, err error) {
	say := []types.Message{{
		Role:    types.ConversationRoleUser,
		Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: j.say()}},
	}}
	if !j.Stream {
		answer, err := c.bedrock.Converse(ctx, &bedrockruntime.ConverseInput{
			ModelId: &j.Model, Messages: say})
		if err != nil {
			return seen, err
		}
		return total(answer.Usage), nil
	}
	answer, err := c.bedrock.ConverseStream(ctx, &bedrockruntime.ConverseStreamInput{
		ModelId: &j.Model, Messages: say})
	if err != nil {
		return seen, err
	}
	stream := answer.GetStream()
	for event := range stream.Events() {
		if end, ok := event.(*types.ConverseStreamOutputMemberMetadata); ok {
			seen = total(end.Value.Usage)
		}
	}
	stream.Close()
	return seen, stream.Err()
}

func (c clients) run(j job) {
	ask := map[string]func(context.Context, job) (usage, error){
		"chat": c.chat, "responses": c.responses, "embeddings": c.embeddings,
		"messages": c.messages, "converse": c.converse,
	}[j.Endpoint]
	seen, err := ask(context.Background(), j)
	said := map[string]any{"ask": j.Ask}
	if err != nil { // an answer that the SDK refuses is still a call
		said["error"] = fmt.Sprintf("%T", err)
	} else if seen.Total != 0 {
		said["usage"] = seen
	}
	line, err := json.Marshal(said)
	check(err)
	fmt.Println(string(line))
}

func main() {
	var jobs []job
	text, err := os.ReadFile(os.Args[1])
	check(err)
	check(json.Unmarshal(text, &jobs))
	c := connect()
	var all sync.WaitGroup
	for _, j := range jobs {
		if len(os.Args) < 3 {
			c.run(j)
			continue
		}
		all.Add(1)
		go func() {
			defer all.Done()
			c.run(j)
		}()
	}
	all.Wait()
}

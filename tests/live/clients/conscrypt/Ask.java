// SPDX-License-Identifier: Apache-2.0

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.OpenAIException;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.responses.ResponseCreateParams;
import java.io.File;
import java.security.Security;
import org.conscrypt.Conscrypt;

/**
 * OpenAI's own SDK for Java, unmodified, over Conscrypt instead of Java's own TLS: java Ask JOBS.
 * Conscrypt unpacks its library into a file that no process has mapped before. Prints one JSON line
 * per job with the total of tokens that the SDK saw.
 */
final class Ask {
    private final OpenAIClient client = OpenAIOkHttpClient.builder().fromEnv().maxRetries(0).build();

    private long chat(JsonNode job, String say) {
        ChatCompletionCreateParams.Builder ask = ChatCompletionCreateParams.builder()
            .model(job.get("model").asText())
            .addUserMessage(say);
        if (!job.get("stream").asBoolean()) {
            return client.chat().completions().create(ask.build()).usage().map(u -> u.totalTokens()).orElse(0L);
        }
        ask.streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build());
        try (var stream = client.chat().completions().createStreaming(ask.build())) {
            return stream.stream().flatMap(c -> c.usage().stream()).mapToLong(u -> u.totalTokens()).max().orElse(0);
        }
    }

    private long responses(JsonNode job, String say) {
        ResponseCreateParams ask = ResponseCreateParams.builder()
            .model(job.get("model").asText())
            .input(say)
            .build();
        if (!job.get("stream").asBoolean()) {
            return client.responses().create(ask).usage().map(u -> u.totalTokens()).orElse(0L);
        }
        try (var stream = client.responses().createStreaming(ask)) {
            return stream.stream().flatMap(e -> e.completed().stream())
                .flatMap(e -> e.response().usage().stream()).mapToLong(u -> u.totalTokens()).max().orElse(0);
        }
    }

    private String run(JsonNode job) {
        String say = "exchange:" + job.get("ask").asText();
        String said;
        try {
            long total = job.get("endpoint").asText().equals("chat") ? chat(job, say) : responses(job, say);
            said = total == 0 ? "" : ", \"usage\": {\"total_tokens\": " + total + "}";
        } catch (OpenAIException e) {               // an answer that the SDK refuses is still a call
            said = ", \"error\": \"" + e.getClass().getSimpleName() + "\"";
        }
        return "{\"ask\": \"" + job.get("ask").asText() + "\"" + said + "}";
    }

    public static void main(String[] args) throws Exception {
        Security.insertProviderAt(Conscrypt.newProvider(), 1);
        Ask ask = new Ask();
        for (JsonNode job : new ObjectMapper().readTree(new File(args[0]))) {
            System.out.println(ask.run(job));
        }
        ask.client.close();
    }
}

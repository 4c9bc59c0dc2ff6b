// SPDX-License-Identifier: Apache-2.0
// Other SDKs for Node, unmodified: node node_dialects.mjs MODULES JOBS genai|ai|aws.
// Each speaks to its provider's own name. One JSON line per job.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [modules, jobsFile, sdk] = process.argv.slice(2);
const load = createRequire(modules + '/');
const jobs = JSON.parse(readFileSync(jobsFile, 'utf8'));

function genai() {
  const { GoogleGenAI } = load('@google/genai');
  const { models } = new GoogleGenAI({ apiKey: 'dummy' });
  return (job, say) => {
    const ask = { model: job.model, contents: say };
    return job.stream ? models.generateContentStream(ask) : models.generateContent(ask);
  };
}

function ai() {
  const { generateText, streamText } = load('ai');
  const { openai } = load('@ai-sdk/openai');
  return (job, say) => {
    const ask = { model: openai.chat(job.model), prompt: say, maxRetries: 0, onError: () => {} };
    return job.stream ? streamText(ask).textStream : generateText(ask);
  };
}

// Speaks HTTP/2 only, a connection per command.
function aws() {
  const { BedrockRuntimeClient, ...commands } = load('@aws-sdk/client-bedrock-runtime');
  const client = new BedrockRuntimeClient({ region: 'us-east-1', maxAttempts: 1 });
  return async (job, say) => {
    const kind = job.endpoint === 'converse' ? (job.stream ? 'ConverseStream' : 'Converse')
      : (job.stream ? 'InvokeModelWithResponseStream' : 'InvokeModel');
    const ask = job.endpoint === 'converse' ? { messages: [{ role: 'user', content: [{ text: say }] }] }
      : { body: JSON.stringify({ prompt: say }) };
    const answer = await client.send(new commands[`${kind}Command`]({ modelId: job.model, ...ask }));
    return job.stream ? answer.stream ?? answer.body : answer;
  };
}

const ask = { genai, ai, aws }[sdk]();

// node's own file may be probed after start-up only: a window that is counted, and no subject here.
await new Promise((resolve) => setTimeout(resolve, 1000));
for (const job of jobs) {
  let error = null;
  try {
    const answer = await ask(job, `exchange:${job.ask}`);
    if (job.stream) for await (const _ of answer);
  } catch (e) {
    error = e.constructor.name;     // an answer the SDK refuses is still a call
  }
  console.log(JSON.stringify({ ask: job.ask, error }));
}

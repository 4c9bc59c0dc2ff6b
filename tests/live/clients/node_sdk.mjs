// SPDX-License-Identifier: Apache-2.0
// The official Node SDKs, unmodified: node node_sdk.mjs MODULES JOBS [gather]. Each job names its
// provider by its endpoint; prints one JSON line per job.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [modules, jobsFile, how] = process.argv.slice(2);
const load = createRequire(modules + '/');
const jobs = JSON.parse(readFileSync(jobsFile, 'utf8'));
const options = { maxRetries: 0, timeout: 60_000 };
const clients = {};

function client(endpoint) {
  const name = endpoint === 'messages' ? '@anthropic-ai/sdk' : 'openai';
  if (!clients[name]) {
    const module = load(name);
    clients[name] = new (module.default ?? module)(options);
  }
  return clients[name];
}

function args(job) {
  const say = `exchange:${job.ask}`;
  const a = { model: job.model };
  if (job.stream) a.stream = true;
  if (job.endpoint === 'chat' || job.endpoint === 'messages') a.messages = [{ role: 'user', content: say }];
  else if (job.endpoint === 'completions') a.prompt = say;
  else a.input = say;
  if (job.endpoint === 'messages') a.max_tokens = 1024;
  if (job.endpoint === 'embeddings') a.encoding_format = 'float';
  if (job.endpoint === 'chat' && job.stream) a.stream_options = { include_usage: true };
  return a;
}

function call(job) {
  const c = client(job.endpoint);
  const api = {
    chat: () => c.chat.completions, completions: () => c.completions, responses: () => c.responses,
    embeddings: () => c.embeddings, messages: () => c.messages,
  }[job.endpoint]();
  return api.create(args(job));
}

async function run(job) {
  let usage = null;
  let error = null;
  const merge = (item) => {
    const u = (item.message ?? item.response ?? item).usage;
    if (u) usage = job.endpoint === 'messages' ? { ...usage, ...u } : u;
  };
  try {
    const answer = await call(job);
    if (job.stream) for await (const item of answer) merge(item);
    else merge(answer);
  } catch (e) {
    error = e.constructor.name;
    usage = null;
  }
  console.log(JSON.stringify({ ask: job.ask, usage, error }));
}

// node's own file may be probed after start-up only (it can remap its text): a window that is
// counted, and is no subject here.
await new Promise((resolve) => setTimeout(resolve, 1000));
if (how === 'gather') await Promise.all(jobs.map(run));
else for (const job of jobs) await run(job);

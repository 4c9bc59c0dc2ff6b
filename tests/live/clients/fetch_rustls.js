// SPDX-License-Identifier: Apache-2.0
// deno run -A --unstable-http fetch_rustls.js JOBS: fetch, jobs sent verbatim, one after the other.
const client = Deno.createHttpClient({
  caCerts: [Deno.readTextFileSync(Deno.env.get("SSL_CERT_FILE"))],
});
for (const job of JSON.parse(Deno.readTextFileSync(Deno.args[0]))) {
  const answer = await fetch(job.url, {
    client, method: "POST", headers: job.headers, body: Deno.readFileSync(job.body),
  });
  const text = await answer.text();
  console.log(JSON.stringify({ ask: job.ask, status: answer.status, bytes: text.length }));
}

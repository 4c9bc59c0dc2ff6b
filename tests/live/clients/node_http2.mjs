// SPDX-License-Identifier: Apache-2.0
// Node's own http2 module, every request a stream of one connection: node_http2.mjs JOBS
import http2 from 'node:http2';
import fs from 'node:fs';

const jobs = JSON.parse(fs.readFileSync(process.argv[2]));
const session = http2.connect(new URL(jobs[0].url).origin);

function ask(job) {
	return new Promise((resolve, reject) => {
		const stream = session.request({
			':method': 'POST', ':path': new URL(job.url).pathname,
			'accept-encoding': 'gzip, br', ...job.headers,
		});
		stream.on('error', reject);
		stream.on('data', () => {});
		stream.on('end', resolve);
		stream.end(fs.readFileSync(job.body));
	});
}

await Promise.all(jobs.map(ask));
session.close();

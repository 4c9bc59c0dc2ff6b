# SPDX-License-Identifier: Apache-2.0
# ruby net_http.rb JOBS: Net::HTTP, jobs sent verbatim, one after the other on a kept-alive connection.
require 'json'
require 'net/http'

jobs = JSON.parse(File.read(ARGV[0]))
first = URI(jobs[0]['url'])
Net::HTTP.start(first.host, first.port, use_ssl: true) do |http|
  jobs.each do |job|
    answer = http.post(URI(job['url']).request_uri, File.binread(job['body']), job['headers'])
    puts JSON.generate(ask: job['ask'], status: answer.code.to_i, bytes: answer.body.to_s.bytesize)
  end
end

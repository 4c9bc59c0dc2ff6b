<?php
// SPDX-License-Identifier: Apache-2.0
// php fetch.php JOBS curl|streams: libcurl, or PHP's own https streams, jobs sent verbatim, one after
// the other. curl keeps its connection; a stream has one per call.
$ca = getenv('SSL_CERT_FILE');

function headers_of($job)
{
    return array_map(fn($k, $v) => "$k: $v", array_keys($job['headers']), $job['headers']);
}

function by_curl($ca)
{
    $curl = curl_init();
    return function ($job, $body) use ($curl, $ca) {
        curl_setopt_array($curl, [
            CURLOPT_URL => $job['url'], CURLOPT_POSTFIELDS => $body, CURLOPT_CAINFO => $ca,
            CURLOPT_HTTPHEADER => headers_of($job), CURLOPT_RETURNTRANSFER => true,
            CURLOPT_ENCODING => '',
        ]);
        return curl_exec($curl);
    };
}

function by_streams($ca)
{
    return fn($job, $body) => file_get_contents($job['url'], false, stream_context_create([
        'ssl' => ['cafile' => $ca],
        'http' => ['method' => 'POST', 'header' => headers_of($job), 'content' => $body,
                   'ignore_errors' => true, 'protocol_version' => 1.1],
    ]));
}

$post = $argv[2] === 'curl' ? by_curl($ca) : by_streams($ca);
foreach (json_decode(file_get_contents($argv[1]), true) as $job) {
    $answer = $post($job, file_get_contents($job['body']));
    echo json_encode(['ask' => $job['ask'], 'bytes' => strlen($answer)]), "\n";
}

// SPDX-License-Identifier: Apache-2.0

// What a Go program does with LLM APIs, standard library only. As recorded: each job's body is sent
// verbatim.
//
//	client JOBS serial|gather       net/http, one call after the other or all at once
//	client JOBS raw                 one Write per request on a connection of its own
//	client COUNT self               a TLS server and its client in one process, HTTP/2
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"sync"
)

type job struct {
	Ask     string
	Body    string
	URL     string
	Headers map[string]string
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func readJobs(path string) []job {
	var jobs []job
	text, err := os.ReadFile(path)
	check(err)
	check(json.Unmarshal(text, &jobs))
	return jobs
}

func (j *job) request() *http.Request {
	body, err := os.ReadFile(j.Body)
	check(err)
	r, err := http.NewRequest("POST", j.URL, bytes.NewReader(body))
	check(err)
	for k, v := range j.Headers {
		r.Header.Set(k, v)
	}
	return r
}

func call(client *http.Client, j job) {
	answer, err := client.Do(j.request())
	check(err)
	n, err := io.Copy(io.Discard, answer.Body)
	check(err)
	answer.Body.Close()
	fmt.Printf("%s %s %d\n", j.Ask, answer.Proto, n)
}

func serial(jobs []job) {
	for _, j := range jobs {
		call(http.DefaultClient, j)
	}
}

func gather(jobs []job) {
	var all sync.WaitGroup
	for _, j := range jobs {
		all.Add(1)
		go func(j job) {
			defer all.Done()
			call(http.DefaultClient, j)
		}(j)
	}
	all.Wait()
}

func roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(os.Getenv("SSL_CERT_FILE"))
	check(err)
	pool.AppendCertsFromPEM(pem)
	return pool
}

// The whole request in one Write, however large; the answer until the server closes.
func raw(jobs []job) {
	for _, j := range jobs {
		u, err := url.Parse(j.URL)
		check(err)
		conn, err := tls.Dial("tcp", u.Host, &tls.Config{RootCAs: roots()})
		check(err)
		var text bytes.Buffer
		r := j.request()
		r.Close = true
		check(r.Write(&text))
		n, err := conn.Write(text.Bytes())
		check(err)
		got, err := io.Copy(io.Discard, conn)
		check(err)
		conn.Close()
		fmt.Printf("%s %d %d\n", j.Ask, n, got)
	}
}

func main() {
	if len(os.Args) != 3 {
		check(fmt.Errorf("usage: client JOBS serial|gather|raw; client COUNT self"))
	}
	switch os.Args[2] {
	case "serial":
		serial(readJobs(os.Args[1]))
	case "gather":
		gather(readJobs(os.Args[1]))
	case "raw":
		raw(readJobs(os.Args[1]))
	case "self":
		self(os.Args[1])
	}
}

// SPDX-License-Identifier: Apache-2.0

// What a Go program does with LLM APIs, standard library only. As recorded: each job's body is sent
// verbatim.
//
//	client JOBS serial|gather       net/http, one call after the other or all at once
//	client JOBS raw                 one Write per request on a connection of its own
//	client JOBS asked               a call for each line of standard input
//	client JOBS update NEXT         calls, becomes the program NEXT in its own place, calls again
//	client COUNT self               a TLS server and its client in one process, HTTP/2
package main

import (
	"bufio"
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
	"syscall"
	"time"
)

// Of which build this is; the linker writes another one.
var release = "1"

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

// On a connection each: of one that is kept, the next answer is waited for at once, and probes that
// come later do not see that wait begin.
func asked(jobs []job) {
	lines := bufio.NewScanner(os.Stdin)
	for _, j := range jobs {
		if !lines.Scan() {
			break
		}
		call(http.DefaultClient, j)
		http.DefaultClient.CloseIdleConnections()
	}
}

// What updaters of agents do: the next release takes this one's name, and the process goes on as it.
func update(jobs []job, next string) {
	serial(jobs)
	self, err := os.Executable()
	check(err)
	check(os.Rename(next, self))
	check(syscall.Exec(self, []string{self, os.Args[1], "updated"}, os.Environ()))
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
	if len(os.Args) < 3 {
		check(fmt.Errorf("usage: client JOBS serial|gather|raw|asked|update; client COUNT self"))
	}
	switch os.Args[2] {
	case "serial":
		serial(readJobs(os.Args[1]))
	case "gather":
		gather(readJobs(os.Args[1]))
	case "raw":
		raw(readJobs(os.Args[1]))
	case "asked":
		asked(readJobs(os.Args[1]))
	case "update":
		update(readJobs(os.Args[1]), os.Args[3])
	case "updated":
		// the new file gets its probes in this time
		time.Sleep(time.Second)
		serial(readJobs(os.Args[1]))
		fmt.Println("release", release)
	case "self":
		self(os.Args[1])
	}
}

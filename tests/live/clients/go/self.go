// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A chat's answer from the other side of the wire: the server is in scope as much as the client.
func answer(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	check(err)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"id":"chatcmpl-%d","object":"chat.completion","model":"gpt-4o","choices":[],`+
		`"usage":{"prompt_tokens":%d,"completion_tokens":2,"total_tokens":%d}}`, n, n, n+2)
}

// COUNT calls over HTTP/2, with TOLLTAP_LEAF and its key: one, and the others at once on its connection.
func self(count string) {
	cnt, err := strconv.Atoi(count)
	check(err)
	leaf := os.Getenv("TOLLTAP_LEAF")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	server := &http.Server{Handler: http.HandlerFunc(answer)}
	go server.ServeTLS(listener, leaf, strings.TrimSuffix(leaf, "pem")+"key")
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots(), ServerName: "localhost"},
		ForceAttemptHTTP2: true,
	}
	client := &http.Client{Transport: transport}
	to := "https://" + listener.Addr().String() + "/v1/chat/completions"
	var all sync.WaitGroup
	one := func(i int) {
		defer all.Done()
		body := strings.NewReader(`{"model":"gpt-4o","messages":"` + strings.Repeat("x", i*1000) + `"}`)
		a, err := client.Post(to, "application/json", body)
		check(err)
		_, err = io.Copy(io.Discard, a.Body)
		check(err)
		a.Body.Close()
		fmt.Println(a.Proto)
	}
	all.Add(cnt)
	one(0)
	for i := 1; i < cnt; i++ {
		go one(i)
	}
	all.Wait()
	// frames that answer no call, as of windows, are still to be read by the other end
	time.Sleep(500 * time.Millisecond)
	transport.CloseIdleConnections()
	check(server.Close())
}

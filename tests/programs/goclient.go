// SPDX-License-Identifier: GPL-2.0-only

// goclient - a static Go program as client: no C library, raw system calls, netpoll.
//
// usage: goclient URL COUNT
//
// Fetches URL COUNT times, all at once, on separate connections, and prints
// "SHA256 COUNT" if all were the same; then the same by one kept-alive connection.
package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

func get(client *http.Client, url string) (string, error) {
	resp, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	h := sha256.New()
	if _, err := io.Copy(h, resp.Body); err != nil {
		return "", err
	}
	if resp.StatusCode != 200 {
		return "", fmt.Errorf("status %d", resp.StatusCode)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

func main() {
	url := os.Args[1]
	count, _ := strconv.Atoi(os.Args[2])
	sums := make(chan string, count)
	var wg sync.WaitGroup
	for i := 0; i < count; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			c := &http.Client{
				Transport: &http.Transport{DisableKeepAlives: true},
				Timeout:   20 * time.Second,
			}
			sum, err := get(c, url)
			if err != nil {
				sum = err.Error()
			}
			sums <- sum
		}()
	}
	wg.Wait()
	close(sums)
	seen := map[string]int{}
	for s := range sums {
		seen[s]++
	}
	kept := &http.Client{Timeout: 20 * time.Second}
	for i := 0; i < count; i++ {
		sum, err := get(kept, url)
		if err != nil {
			sum = err.Error()
		}
		seen[sum]++
	}
	for s, n := range seen {
		fmt.Println(s, n)
	}
}

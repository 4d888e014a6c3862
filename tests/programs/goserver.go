// SPDX-License-Identifier: GPL-2.0-only

// goserver - a static Go program as server: serves a directory by HTTP.
//
// usage: goserver ADDRESS:PORT DIRECTORY
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
)

func main() {
	l, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ready")
	fmt.Fprintln(os.Stderr, http.Serve(l, http.FileServer(http.Dir(os.Args[2]))))
	os.Exit(1)
}

package main

import (
	"bytes"
	"encoding/json"
	"os"

	"guichet/platform/api"
)

type openAPI struct{}

// Run prints the document that a server has at /openapi.json, indented.
func (openAPI) Run() error {
	document, err := api.Document()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, document, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = b.WriteTo(os.Stdout)
	return err
}

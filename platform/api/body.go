package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"guichet/platform/wire"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 1 << 20

func invalid(format string, args ...any) error {
	return &wire.Error{Code: wire.CodeInvalid, Message: fmt.Sprintf(format, args...)}
}

// read returns a whole body, or an error that says what is wrong with it.
func read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, &wire.Error{Code: wire.CodeTooLarge, Message: "the body is larger than 1 MiB"}
	case err != nil:
		return nil, invalid("the body ended too early")
	}
	return body, nil
}

// decode reads a JSON body into v. Members that v does not know are ignored:
// clients of the contract send more than we read.
// The name of a room becomes the id of its session.
func decode[T any](w http.ResponseWriter, r *http.Request) (T, error) {
	v, err := decodePlain[T](w, r)
	if err == nil {
		err = named(r.Context(), &v)
	}
	return v, err
}

// decodePlain leaves names as they are.
func decodePlain[T any](w http.ResponseWriter, r *http.Request) (T, error) {
	var v T
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind != "application/json" {
		return v, &wire.Error{Code: wire.CodeMediaType, Message: "the body must be application/json"}
	}
	body, err := read(w, r)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return v, explain(err)
	}
	return v, nil
}

// explain says what is wrong with a JSON text without repeating it.
func explain(err error) error {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	var known *wire.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &wrong):
		field := wrong.Field
		if field == "" {
			field = "the body"
		}
		return invalid("%s: want %s, got %s", field, kindName(wrong), wrong.Value)
	case errors.As(err, &syntax):
		return invalid("the body is not JSON: error at byte %d", syntax.Offset)
	}
	return invalid("the body is not the JSON that this call takes")
}

func kindName(e *json.UnmarshalTypeError) string {
	switch e.Type.Kind().String() {
	case "string":
		return "a string"
	case "bool":
		return "true or false"
	case "slice", "array":
		return "a list"
	case "map", "struct":
		return "an object"
	}
	return "a whole number"
}

// send writes v as the JSON answer.
func send(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may be gone; the change stands
	return nil
}

func done(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

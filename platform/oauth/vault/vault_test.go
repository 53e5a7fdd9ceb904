package vault

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestSealedSecretOpensInItsPlaceAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "sub", "secret.key")
	v, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	other, err := New(bytes.Repeat([]byte{7}, keyLength))
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("private")
	sealed := v.Seal("key", "a", secret)
	if bytes.Contains(sealed, secret) {
		t.Error("the secret can be read")
	}
	if bytes.Equal(sealed, v.Seal("key", "a", secret)) {
		t.Error("the same secret looks the same")
	}
	if got, err := again.Open("key", "a", sealed); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("opened %q, %v", got, err)
	}
	damaged := bytes.Clone(sealed)
	damaged[len(damaged)-1] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another id":    func() ([]byte, error) { return v.Open("key", "b", sealed) },
		"another place": func() ([]byte, error) { return v.Open("provider", "a", sealed) },
		"split anew":    func() ([]byte, error) { return v.Open("key\x00a", "", sealed) },
		"another key":   func() ([]byte, error) { return other.Open("key", "a", sealed) },
		"damaged":       func() ([]byte, error) { return v.Open("key", "a", damaged) },
		"cut":           func() ([]byte, error) { return v.Open("key", "a", sealed[:5]) },
		"nothing":       func() ([]byte, error) { return v.Open("key", "a", nil) },
		"plain":         func() ([]byte, error) { return v.Open("key", "a", secret) },
	} {
		if got, err := open(); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: opened %q, %v", name, got, err)
		}
	}
}

func TestKeyFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return file
	}
	const good = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for name, file := range map[string]string{
		"short":    write("short", "AAAA", 0o600),
		"no text":  write("binary", "\x00\xff", 0o600),
		"empty":    write("empty", "", 0o600),
		"readable": write("readable", good, 0o644),
		"folder":   dir,
	} {
		if _, err := Open(file); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := Open(write("good", good+"\n", 0o600)); err != nil {
		t.Error(err)
	}
}

func TestManyStartersReadOneKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret.key")
	var wg sync.WaitGroup
	vaults := make([]*Vault, 16)
	for i := range vaults {
		wg.Go(func() {
			var err error
			if vaults[i], err = Open(file); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	sealed := vaults[0].Seal("p", "i", []byte("x"))
	for _, v := range vaults {
		if _, err := v.Open("p", "i", sealed); err != nil {
			t.Error(err)
		}
	}
	left, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestKeyOfAnotherPurpose(t *testing.T) {
	key := func(secret byte, purpose string) string {
		v, err := New(bytes.Repeat([]byte{secret}, keyLength))
		if err != nil {
			t.Fatal(err)
		}
		k, err := v.Key(purpose)
		if err != nil || len(k) != keyLength {
			t.Fatalf("%d bytes, %v", len(k), err)
		}
		return string(k)
	}
	if first, again := key(1, "links"), key(1, "links"); first != again {
		t.Error("the same purpose has another key the next time")
	}
	if key(1, "links") == key(1, "other") || key(1, "links") == key(2, "links") {
		t.Error("two purposes or two key files have the same key")
	}
}

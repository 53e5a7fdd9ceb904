package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// fileName is the file of secrets in the data folder.
const fileName = "sign-ins"

// errMachine tells that this computer has no identity to bind a file to.
var errMachine = errors.New("this computer has no machine id")

// file keeps secrets encrypted by AES-256-GCM. The key is made of a random salt
// in the file and of the identities of machine and user, which are not in it.
type file struct {
	path    string
	machine []byte
}

// content is what the file holds, as JSON.
type content struct {
	Salt    []byte            `json:"salt"`
	Secrets map[string][]byte `json:"secrets"` // name to nonce and ciphertext
}

func openFile(folder string) (*file, error) {
	machine, err := machineID()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	return &file{path: filepath.Join(folder, fileName), machine: machine}, nil
}

// machineID returns what tells this computer and user from others.
func machineID() ([]byte, error) {
	for _, path := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if id, err := os.ReadFile(path); err == nil && len(strings.TrimSpace(string(id))) > 0 {
			return fmt.Appendf(nil, "%s/%d", strings.TrimSpace(string(id)), os.Getuid()), nil
		}
	}
	return nil, errMachine
}

func (f *file) load(name string) (string, error) {
	c, err := f.read()
	if err != nil || c.Secrets[name] == nil {
		return "", err
	}
	seal, err := f.seal(c.Salt)
	if err != nil {
		return "", err
	}
	raw := c.Secrets[name]
	if len(raw) < seal.NonceSize() {
		return "", errors.New("the kept sign-in is damaged")
	}
	secret, err := seal.Open(nil, raw[:seal.NonceSize()], raw[seal.NonceSize():], []byte(name))
	if err != nil {
		return "", errors.New("the kept sign-in belongs to another computer, or is damaged")
	}
	return string(secret), nil
}

func (f *file) save(name, secret string) error {
	c, err := f.read()
	if err != nil {
		c = content{} // damaged: nothing in it can be used any more
	}
	if c.Salt == nil {
		c.Salt = make([]byte, 32)
		rand.Read(c.Salt)
		c.Secrets = map[string][]byte{}
	}
	seal, err := f.seal(c.Salt)
	if err != nil {
		return err
	}
	nonce := make([]byte, seal.NonceSize())
	rand.Read(nonce)
	c.Secrets[name] = seal.Seal(nonce, nonce, []byte(secret), []byte(name))
	return f.write(c)
}

func (f *file) remove(name string) error {
	c, err := f.read()
	if err != nil {
		return os.Remove(f.path)
	}
	if c.Secrets[name] == nil {
		return nil
	}
	delete(c.Secrets, name)
	return f.write(c)
}

// seal returns the cipher. The name of a secret is authenticated with it, so
// that entries cannot be exchanged.
func (f *file) seal(salt []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, f.machine, salt, "guichet sign-ins", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (f *file) read() (content, error) {
	var c content
	raw, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(raw, &c); err != nil || len(c.Salt) == 0 || c.Secrets == nil {
		return content{}, errors.New("the file of kept sign-ins is damaged")
	}
	return c, nil
}

// write replaces the file in one step.
func (f *file) write(c content) error {
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	t, err := os.CreateTemp(filepath.Dir(f.path), fileName+"-*") // made with 0600
	if err != nil {
		return err
	}
	_, err = t.Write(raw)
	err = errors.Join(err, t.Sync(), t.Close())
	if err == nil {
		err = os.Rename(t.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(t.Name()))
	}
	return nil
}

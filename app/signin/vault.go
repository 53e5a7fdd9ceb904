package signin

import (
	"log/slog"
	"sync"

	"github.com/zalando/go-keyring"
)

// Vault keeps secrets by name between two starts. Load returns "" for a name
// that is not known.
type Vault interface {
	Load(name string) (string, error)
	Save(name, secret string) error
	Delete(name string) error
}

// Keyring is the system's own store: Secret Service, Keychain or Credential
// Manager.
type Keyring interface {
	Get(service, name string) (string, error)
	Set(service, name, secret string) error
	Delete(service, name string) error
}

// SystemKeyring is the keyring of the person who is logged in to this computer.
type SystemKeyring struct{}

// Get returns a secret.
func (SystemKeyring) Get(service, name string) (string, error) { return keyring.Get(service, name) }

// Set keeps a secret.
func (SystemKeyring) Set(service, name, secret string) error {
	return keyring.Set(service, name, secret)
}

// Delete forgets a secret.
func (SystemKeyring) Delete(service, name string) error { return keyring.Delete(service, name) }

// service is what our secrets are filed under in a keyring.
const service = "guichet"

// vault tries the keyring, then a file, and always has its memory. Any error of
// the keyring means that there is none: without a session bus its errors are
// those of the bus, with no kind of their own.
type vault struct {
	keyring Keyring // nil: not to be used
	file    *file   // nil: no place for one
	logger  *slog.Logger

	mu     sync.Mutex
	memory map[string]string
}

// OpenVault returns a Vault on a keyring, which may be nil, and an encrypted
// file in a folder. How safe a secret is depends on where it ends up. In the
// keyring: as safe as the person's login. In the file: safe from who gets the
// file alone, such as a backup or a stolen copy; not from programs that run as
// the same user, nor from the administrator. In memory, when neither can be
// written: gone at the end of the program.
func OpenVault(k Keyring, folder string, logger *slog.Logger) Vault {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	v := &vault{keyring: k, logger: logger, memory: map[string]string{}}
	f, err := openFile(folder)
	if err != nil {
		logger.Warn("sign-ins are not kept in a file", "err", err)
	} else {
		v.file = f
	}
	return v
}

// Load looks everywhere, the newest place first.
func (v *vault) Load(name string) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if secret := v.memory[name]; secret != "" {
		return secret, nil
	}
	if v.keyring != nil {
		if secret, err := v.keyring.Get(service, name); err == nil && secret != "" {
			return secret, nil
		}
	}
	if v.file == nil {
		return "", nil
	}
	return v.file.load(name)
}

// Save keeps a secret in the best place that takes it. An older one must not
// stay behind in another place.
func (v *vault) Save(name, secret string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.memory[name] = secret
	if v.keyring != nil {
		err := v.keyring.Set(service, name, secret)
		if err == nil {
			if v.file != nil {
				return v.file.remove(name)
			}
			return nil
		}
		v.logger.Info("no keyring", "err", err)
	}
	if v.file == nil {
		v.logger.Warn("the sign-in is kept in memory only")
		return nil
	}
	return v.file.save(name, secret)
}

// Delete forgets a secret everywhere.
func (v *vault) Delete(name string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.memory, name)
	if v.keyring != nil {
		// An error is a name or a keyring that is not there.
		_ = v.keyring.Delete(service, name)
	}
	if v.file == nil {
		return nil
	}
	return v.file.remove(name)
}

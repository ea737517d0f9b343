// Versitygw-of-tests serves a folder by versitygw's S3 server and its backend for disks, over HTTP
// or HTTPS, with versions, an administrator and one user whom only bucket policies permit anything.
//
// Versitygw's own command brings other backends, a client and a test suite of its own, which take
// two thirds as long again to compile.
package main

import (
	"flag"
	"log"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
)

// The limits that versitygw's own command has where it is told of none.
const (
	connections = 250000
	requests    = 100000
	parts       = 10000
)

var (
	address  = flag.String("address", "127.0.0.1:7070", "where to listen")
	buckets  = flag.String("buckets", "", "the folder that holds the buckets")
	versions = flag.String("versions", "", "the folder that holds former versions of objects")
	users    = flag.String("users", "", "the folder that holds the list of users")
	cert     = flag.String("cert", "", "the certificate's file; without one the server speaks HTTP")
	key      = flag.String("key", "", "the file of the certificate's key")
	root     = flag.String("root", "", "the administrator's access key")
	secret   = flag.String("root-secret", "", "the administrator's secret")
	user     = flag.String("user", "", "the user's access key")
	password = flag.String("user-secret", "", "the user's secret")
)

func main() {
	flag.Parse()
	log.Fatal(serve())
}

func serve() error {
	disk, err := posix.New(*buckets, meta.XattrMeta{}, posix.PosixOpts{VersioningDir: *versions})
	if err != nil {
		return err
	}
	administrator := middlewares.RootUserConfig{Access: *root, Secret: *secret}
	first := auth.Account{Access: *root, Secret: *secret, Role: auth.RoleAdmin}
	accounts, err := auth.NewInternal(first, *users)
	if err != nil {
		return err
	}
	second := auth.Account{Access: *user, Secret: *password, Role: auth.RoleUser}
	if err := accounts.CreateAccount(second); err != nil {
		return err
	}
	options, err := chosen()
	if err != nil {
		return err
	}
	server, err := s3api.New(
		disk, administrator, "us-east-1", accounts, nil, nil, nil, nil, options...,
	)
	if err != nil {
		return err
	}
	return server.ServeMultiPort([]string{*address})
}

func chosen() ([]s3api.Option, error) {
	options := []s3api.Option{
		s3api.WithQuiet(),
		s3api.WithConcurrencyLimiter(connections, requests),
		s3api.WithMpMaxParts(parts),
	}
	if *cert == "" {
		return options, nil
	}
	certificates := taken(s3api.WithTLS)
	err := certificates.SetCertificate(*cert, *key)
	return append(options, s3api.WithTLS(certificates)), err
}

// taken makes what an option takes: the type of certificates lies in a package that cannot be
// imported from here, and is known by the option alone.
func taken[T any](func(*T) s3api.Option) *T { return new(T) }

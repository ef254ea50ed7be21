// Command docgen writes the generated documents: docs/choreography.md.
package main

import (
	"bytes"
	"log"
	"os"

	"github.com/ordersaga/ordersaga/sagas"
)

func main() {
	var choreography bytes.Buffer
	if err := sagas.Checkout.Document(&choreography, sagas.CheckoutClaims); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("docs/choreography.md", choreography.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
}

package service

import (
	"github.com/goccy/go-json"

	"github.com/ordersaga/ordersaga/domain/inventory"
	"github.com/ordersaga/ordersaga/eventstore"
	"github.com/ordersaga/ordersaga/sagas"
)

// Warehouse describes the stream of a warehouse's stock, which the inventory service owns alone.
func Warehouse(table sagas.Choreography, name string) *Owner {
	return &Owner{
		Stream: eventstore.NewStreamID(inventory.Entity.Category, name),
		Edge:   table.Edge("a long stretch of triggers that ask for nothing"),
		Heard:  func(state any, source string) uint64 { return state.(inventory.State).Heard(source) },
		CatchUp: func(source string, number uint64) any {
			return inventory.Command(inventory.CatchUp{Heard: inventory.Heard{Source: source, Number: number}})
		},
		Every: 1000,
	}
}

// EncodeStock and RestoreStock write a warehouse's state down for a snapshot, and read it again.
func EncodeStock(state any) ([]byte, error) { return json.Marshal(state.(inventory.State).Snapshot()) }

// RestoreStock is the inverse of EncodeStock.
func RestoreStock(data []byte) (any, error) {
	var s inventory.Snapshot
	err := json.Unmarshal(data, &s)
	return s.Restore(), err
}

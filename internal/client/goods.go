package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
)

// PutProduct lists a product or changes it. It is answered once an order for the product can be placed.
func (c *Client) PutProduct(ctx context.Context, p Product) (put Product, err error) {
	body := struct {
		Name      string `json:"name"`
		UnitPrice int64  `json:"unitPrice"`
		Currency  string `json:"currency"`
	}{p.Name, p.UnitPrice, p.Currency}
	_, put.Token, err = c.send(ctx, http.MethodPut, "/v1/products/"+url.PathEscape(p.SKU), "", body, &put)
	return put, err
}

// Product reads a product. IsNotFound tells whether an error says that there is none.
func (c *Client) Product(ctx context.Context, sku string) (product Product, err error) {
	err = c.get(ctx, "/v1/products/"+url.PathEscape(sku), &product)
	return product, err
}

// Products lists the catalogue, page by page as it is wanted. It ends after the first error.
func (c *Client) Products(ctx context.Context) iter.Seq2[Product, error] {
	return pages(ctx, c, "/v1/products?limit=500", func(p struct {
		Products []Product `json:"products"`
	},
	) []Product {
		return p.Products
	})
}

// Receive takes goods in, once for each SKU and reference: Stock.New says whether this was the first time. The same
// reference with another quantity is a *Problem that names reference.
func (c *Client) Receive(ctx context.Context, r Receipt) (level Stock, err error) {
	status, token, err := c.send(ctx, http.MethodPost, "/v1/stock/receipts", "", r, &level)
	level.New, level.Token = status == http.StatusCreated, token
	return level, err
}

// Stock reads how much of a SKU there is. IsNotFound tells whether an error says that there is no such product.
func (c *Client) Stock(ctx context.Context, sku string) (level Stock, err error) {
	err = c.get(ctx, "/v1/stock/"+url.PathEscape(sku), &level)
	return level, err
}

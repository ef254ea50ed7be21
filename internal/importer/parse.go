package importer

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
)

// longestLine bounds a line; a longer one is no line of this layout.
const longestLine = 1 << 20

// Parse reads a file in the layout. It fails where the file cannot be read or is of another layout; what is wrong with a
// line is in the plan.
func Parse(file io.Reader) (Plan, error) {
	hash := sha256.New()
	p := parser{byNumber: map[string]*invoice{}}
	if err := p.read(io.TeeReader(file, hash)); err != nil {
		return Plan{}, err
	}
	p.plan.Fingerprint = hex.EncodeToString(hash.Sum(nil)[:8])
	p.plan.Demand = map[string]int64{}
	p.plan.Invoices = len(p.invoices)
	customers := map[string]bool{}
	var goods assortment
	for _, in := range p.invoices {
		p.build(in, &goods)
	}
	for _, o := range p.plan.Orders {
		if o.Body.CustomerID != "" {
			customers[o.Body.CustomerID] = true
		}
	}
	p.plan.Customers = len(customers)
	p.plan.Products = goods.products()
	slices.SortFunc(p.plan.Listed, func(a, b Listed) int { return cmp.Compare(a.Line, b.Line) })
	slices.SortFunc(p.plan.Notes, func(a, b Note) int { return cmp.Compare(a.Line, b.Line) })
	return p.plan, nil
}

type parser struct {
	plan     Plan
	invoices []*invoice // by first line
	byNumber map[string]*invoice
}

// read takes the file line by line.
func (p *parser) read(file io.Reader) error {
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 0, 64<<10), longestLine)
	var h header
	number := 0
	for lines.Scan() {
		number++
		line := lines.Bytes()
		if number == 1 {
			var err error
			if h, err = readHeader(decoded(bytes.TrimPrefix(line, []byte("\ufeff")))); err != nil {
				return err
			}
			continue
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		p.plan.Lines++
		r, err := h.row(number, decoded(line))
		p.take(r, err)
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d is longer than %d bytes: this is no file of the layout", number+1, longestLine)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("after line %d: %w", number, err)
	}
	if number == 0 {
		return errors.New("the file is empty")
	}
	return nil
}

// take gives a line to its invoice, or lists it.
func (p *parser) take(r row, err error) {
	var l read
	if err != nil {
		l, err = read{row: r}, refuse(Unreadable, "%v", err)
	} else {
		l, err = classify(r)
	}
	if r.invoice != "" {
		in := p.byNumber[r.invoice]
		if in == nil {
			in = &invoice{number: r.invoice}
			p.byNumber[r.invoice] = in
			p.invoices = append(p.invoices, in)
		}
		if err == nil {
			in.lines = append(in.lines, l)
		}
	}
	if err != nil {
		p.list(l, err)
	}
}

func (p *parser) list(l read, err error) {
	listed := Listed{Line: l.line, Invoice: l.invoice, StockCode: l.stockCode, Reason: err.Error(), Amount: l.amount}
	if l.role == discount {
		listed.Amount = -l.amount
	}
	var r *refusal
	if errors.As(err, &r) {
		listed.Reason, listed.Detail = r.reason, r.detail
	}
	p.plan.Listed = append(p.plan.Listed, listed)
}

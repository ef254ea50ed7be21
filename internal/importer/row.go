package importer

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// row is one line of the file. Its texts are trimmed.
type row struct {
	line                                     int
	invoice, stockCode, description          string
	quantity, date, price, customer, country string
}

// columns are the fields of the layout, in the order of row.fields.
var columns = []string{"InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"}

// header says where each column stands.
type header struct {
	at    []int // by the index in columns
	width int
}

// readHeader finds the columns by their names, in any order.
func readHeader(line string) (header, error) {
	names, err := split(line)
	if err != nil {
		return header{}, fmt.Errorf("the first line cannot be read: %w", err)
	}
	h := header{width: len(names)}
	for _, column := range columns {
		at := -1
		for i, name := range names {
			if strings.EqualFold(strings.TrimSpace(name), column) {
				at = i
			}
		}
		if at < 0 {
			return header{}, fmt.Errorf("the first line names no column %s; wanted is %s", column, strings.Join(columns, ","))
		}
		h.at = append(h.at, at)
	}
	return h, nil
}

// row reads a line. Where that fails, the row has what could be read.
func (h header) row(number int, line string) (row, error) {
	r := row{line: number}
	fields, err := split(line)
	if err == nil && len(fields) != h.width {
		err = fmt.Errorf("it has %d fields, the first line has %d", len(fields), h.width)
	}
	for i, to := range []*string{&r.invoice, &r.stockCode, &r.description, &r.quantity, &r.date, &r.price, &r.customer, &r.country} {
		if at := h.at[i]; at < len(fields) {
			*to = strings.TrimSpace(fields[at])
		}
	}
	return r, err
}

var (
	errOpenQuote  = errors.New("a quote is not closed on its line")
	errAfterQuote = errors.New("text follows a closed quote")
)

// split cuts a line into its fields as RFC 4180 has it, but that no field spans lines: a forgotten quote costs one line,
// not the rest of the file. A quote inside of a field that does not begin with one is text.
func split(line string) ([]string, error) {
	fields := make([]string, 0, len(columns))
	for {
		if !strings.HasPrefix(line, `"`) {
			field, rest, more := strings.Cut(line, ",")
			fields = append(fields, field)
			if !more {
				return fields, nil
			}
			line = rest
			continue
		}
		field, rest, err := unquote(line[1:])
		fields = append(fields, field)
		switch {
		case err != nil:
			return fields, err
		case rest == "":
			return fields, nil
		case rest[0] != ',':
			return fields, errAfterQuote
		}
		line = rest[1:]
	}
}

// unquote reads up to the closing quote and answers with what follows it. Two quotes are one.
func unquote(s string) (field, rest string, err error) {
	var text strings.Builder
	for {
		at := strings.IndexByte(s, '"')
		if at < 0 {
			text.WriteString(s)
			return text.String(), "", errOpenQuote
		}
		text.WriteString(s[:at])
		s = s[at+1:]
		if !strings.HasPrefix(s, `"`) {
			return text.String(), s, nil
		}
		text.WriteByte('"')
		s = s[1:]
	}
}

// decoded is a line's text. A line that is no UTF-8 is Latin-1, whose bytes are the code points.
func decoded(line []byte) string {
	if utf8.Valid(line) {
		return string(line)
	}
	text := make([]rune, len(line))
	for i, b := range line {
		text[i] = rune(b)
	}
	return string(text)
}

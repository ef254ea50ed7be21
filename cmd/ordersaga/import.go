package main

import (
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/ordersaga/ordersaga/internal/client"
	"github.com/ordersaga/ordersaga/internal/importer"
)

// restartPatience is how long an import waits for a server that is being started again.
const restartPatience = 30 * time.Second

func importCommand() *cobra.Command {
	o := importer.Options{Progress: os.Stderr}
	var server string
	cmd := &cobra.Command{
		Use: "import FILE.csv", Short: "Put a shop's real orders through the running API", Args: args(1, "import takes one file"),
		Long: `Put a shop's real orders through the running API. The file has the layout of UCI's Online Retail:
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country.

Products, prices and enough stock are set up from the file, then each invoice is placed as an order. Lines that cannot
be ordered are listed with their number and the reason. The same file again adds nothing, and completes what an
interrupted import had begun. Exit code 3 where the sums of the read models are not those of the file.`,
		Example: "  ordersaga import docs/data/online-retail-extract.csv\n  ordersaga import shop.csv --stock-factor 0.8 --rejects rejects.csv",
	}
	cmd.Flags().StringVar(&server, "server", "", "URL of the running system; default is the one on --http")
	cmd.Flags().Float64Var(&o.StockFactor, "stock-factor", 1, "how much of the demand is received; 0.8 makes shortages happen")
	cmd.Flags().IntVar(&o.Concurrency, "concurrency", 64, "requests at a time")
	cmd.Flags().StringVar(&o.Rejects, "rejects", "", "write every listed line to this CSV file")
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print the summary as JSON, with every listed line")
	cmd.RunE = func(cmd *cobra.Command, given []string) error {
		c, err := load(cmd)
		if err != nil {
			return err
		}
		if server == "" {
			server = "http://" + c.HTTP
		}
		o.File, o.Out = given[0], cmd.OutOrStdout()
		o.Client = client.New(server, client.Options{RetryFor: restartPatience})
		defer o.Client.Close()
		_, err = importer.Run(cmd.Context(), o)
		if errors.Is(err, importer.ErrDisagrees) {
			return finding{err}
		}
		return err
	}
	return cmd
}

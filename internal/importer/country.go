package importer

import "strings"

// countries are ISO 3166-1 codes by the names that the shop uses. "European Community" and "Unspecified" have none, and
// the Channel Islands are two: Jersey, the larger, stands for both.
var countries = map[string]string{
	"australia": "AU", "austria": "AT", "bahrain": "BH", "belgium": "BE", "bermuda": "BM", "brazil": "BR", "canada": "CA",
	"channel islands": "JE", "cyprus": "CY", "czech republic": "CZ", "denmark": "DK", "eire": "IE", "finland": "FI",
	"france": "FR", "germany": "DE", "greece": "GR", "hong kong": "HK", "iceland": "IS", "ireland": "IE", "israel": "IL",
	"italy": "IT", "japan": "JP", "korea": "KR", "lebanon": "LB", "lithuania": "LT", "malta": "MT", "netherlands": "NL",
	"nigeria": "NG", "norway": "NO", "poland": "PL", "portugal": "PT", "rsa": "ZA", "saudi arabia": "SA", "singapore": "SG",
	"south africa": "ZA", "spain": "ES", "sweden": "SE", "switzerland": "CH", "thailand": "TH", "united arab emirates": "AE",
	"united kingdom": "GB", "united states": "US", "usa": "US",
}

func countryCode(name string) (code string, known bool) {
	code, known = countries[strings.ToLower(name)]
	return code, known
}

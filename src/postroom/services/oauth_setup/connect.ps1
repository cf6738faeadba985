Connect-ExchangeOnline -ShowBanner:$false


"""One HTTP exchange: request, answer, redirects, proxies."""

/** The token of an `Authorization` header (RFC 6750, section 2.1). */
export function bearerIn(header: string | null | undefined): string | undefined {
  return /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
}

/** Whether a URL's query carries a token, under one of the names that clients use. */
export function hasToken(query: URLSearchParams): boolean {
  return query.has('token') || query.has('access_token');
}

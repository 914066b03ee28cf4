import type { Settings } from '../../settings/settings.ts';

/** What an operator decides about the page, as `GET /page.json` gives it. */
export interface PageSettings {
  /** Where people sign in. */
  signInUrl?: string | undefined;
  /** Where the page gets their token, with the cookies of that site. */
  tokenUrl?: string | undefined;
  logoUrl?: string | undefined;
  /** A style sheet that comes after the page's own. */
  themeUrl?: string | undefined;
  /** Whether people may join without a token. */
  guests: boolean;
}

export function pageSettingsOf(settings: Settings, guests: boolean): PageSettings {
  const { SIGN_IN_URL, TOKEN_URL, LOGO_URL, THEME_URL } = settings;
  return {
    signInUrl: SIGN_IN_URL,
    tokenUrl: TOKEN_URL,
    logoUrl: LOGO_URL,
    themeUrl: THEME_URL,
    guests,
  };
}

/** What the page may run and reach: its own server, and what an operator has named. */
export function contentSecurityPolicy({ tokenUrl, logoUrl, themeUrl }: PageSettings): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${sources(themeUrl)}`,
    `img-src ${sources(logoUrl)} data:`,
    "media-src 'self'",
    "manifest-src 'self'",
    // 'self' includes sockets to the page's own host (Content Security Policy 3).
    `connect-src ${sources(tokenUrl)}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function sources(url: string | undefined): string {
  return url === undefined || !URL.canParse(url) ? "'self'" : `'self' ${new URL(url).origin}`;
}

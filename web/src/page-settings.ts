/** What the operator has decided about this page; see `GET /page.json` in the protocol. */
export interface PageSettings {
  signInUrl?: string;
  tokenUrl?: string;
  logoUrl?: string;
  themeUrl?: string;
  guests?: boolean;
}

let loaded: Promise<PageSettings> | undefined;

/** Asks the server once. If it cannot be reached there are no settings, and the next call asks again. */
export function pageSettings(): Promise<PageSettings> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<PageSettings> {
  try {
    const response = await fetch('/page.json');
    return response.ok ? ((await response.json()) as PageSettings) : {};
  } catch {
    loaded = undefined;
    return {};
  }
}

/** Shows the operator's logo and colours. */
export async function showBranding(): Promise<void> {
  const { logoUrl, themeUrl } = await pageSettings();
  if (logoUrl !== undefined) {
    for (const mark of document.querySelectorAll<HTMLImageElement>('img.mark')) mark.src = logoUrl;
  }
  if (themeUrl === undefined) return;
  const theme = document.createElement('link');
  theme.rel = 'stylesheet';
  theme.href = themeUrl;
  document.head.append(theme);
}

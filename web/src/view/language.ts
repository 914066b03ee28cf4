import { loadTexts, locale, text } from '../texts.ts';

const RIGHT_TO_LEFT = /^(?:ar|dv|fa|he|ks|ku|ps|sd|ug|ur|yi)\b/;

/** A text of `index.html`: `data-text` names an element's content, `data-label` its label. */
type StaticKey = Parameters<typeof text<'join'>>[0];

/** Loads the user's language and puts its texts into the page; if that fails, those of English. */
export async function applyLanguage(): Promise<void> {
  const root = document.documentElement;
  try {
    await loadTexts();
    root.lang = locale;
  } catch {
    root.lang = 'en';
  }
  root.dir = RIGHT_TO_LEFT.test(root.lang) ? 'rtl' : 'ltr';
  for (const one of document.querySelectorAll<HTMLElement>('[data-text]')) {
    one.textContent = text(one.dataset['text'] as StaticKey);
  }
  for (const one of document.querySelectorAll<HTMLElement>('[data-label]')) {
    one.ariaLabel = text(one.dataset['label'] as StaticKey);
    if (one.dataset['title'] !== undefined) one.title = one.ariaLabel;
  }
}

import { text } from '../texts.ts';
import { button, element } from './dom.ts';

/** More than so much is not coloured, in UTF-16 units. */
const MAX_COLOURED = 20_000;

/** How long a button says that it has copied, in milliseconds. */
const COPIED_MS = 2_000;

/** Code of several lines, with a button that copies it. Colours come once they are loaded. */
export function codeBlock(code: string, language: string): HTMLElement {
  const shown = element('code', '', code);
  const pre = element('pre', 'code', shown);
  pre.dir = 'ltr';
  const copy = button(text('copyCode'), () => void copyCode(copy, code));
  copy.classList.add('copy-code');
  copy.tabIndex = -1;
  if (code.length <= MAX_COLOURED) void colour(shown, code, language);
  return element('div', 'code-block', pre, copy);
}

async function colour(shown: HTMLElement, code: string, language: string): Promise<void> {
  try {
    const { highlight } = await import('../highlight.ts');
    const parts = highlight(code, language);
    shown.replaceChildren(
      ...parts.map(({ said, kind }) =>
        kind === undefined ? said : element('span', `code-${kind}`, said),
      ),
    );
  } catch {
    // It can be read without.
  }
}

async function copyCode(pressed: HTMLButtonElement, code: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(code);
    pressed.textContent = text('copied');
  } catch {
    pressed.textContent = text('copyForbidden');
  }
  setTimeout(() => {
    pressed.textContent = text('copyCode');
  }, COPIED_MS);
}

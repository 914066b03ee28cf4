import { text } from '../texts.ts';
import { button, element } from './dom.ts';

/** Longer code is not coloured, in UTF-16 units. */
const MAX_COLOURED = 20_000;

/** How long a button says that it has copied, in milliseconds. */
const COPIED_MS = 2_000;

/** Undefined until it is loaded. */
let highlight: typeof import('../highlight.ts').highlight | undefined;

/** Code of several lines, with a button that copies it. Colours come once they are loaded. */
export function codeBlock(code: string, language: string): HTMLElement {
  const shown = element('code', '', code);
  const pre = element('pre', 'code', shown);
  pre.dir = 'ltr';
  // Copies the code as it is when the button is pressed: it may grow.
  const copy = button(text('copyCode'), () => void copyCode(copy, shown.textContent));
  copy.classList.add('copy-code');
  copy.tabIndex = -1;
  if (highlight !== undefined) colour(shown, language);
  else if (code.length <= MAX_COLOURED) void colourLater(shown, language);
  return element('div', 'code-block', pre, copy);
}

async function colourLater(shown: HTMLElement, language: string): Promise<void> {
  try {
    ({ highlight } = await import('../highlight.ts'));
    colour(shown, language);
  } catch {
    // The code is readable without colours.
  }
}

function colour(shown: HTMLElement, language: string): void {
  const code = shown.textContent;
  if (code.length > MAX_COLOURED) return;
  const parts = highlight?.(code, language) ?? [];
  shown.replaceChildren(
    ...parts.map(({ said, kind }) =>
      kind === undefined ? said : element('span', `code-${kind}`, said),
    ),
  );
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

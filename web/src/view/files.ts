import type { Files, FileInfo } from '../../../src/client/files.ts';
import { text } from '../texts.ts';
import { element } from './dom.ts';
import type { RowContext } from './row-context.ts';
import { lazy } from './lazy.ts';

/** Loads the code for files, and returns the files of this user. Rejects if that fails. */
export type FileSource = () => Promise<Files>;

/** The bounds of a picture's width divided by its height; rows cut pictures outside of them. */
const RATIOS = { least: 0.5, most: 2.5 };

/** Keeps the browser from leaving the page to open a file that is dropped on it. */
export function keepPage(): void {
  for (const name of ['dragover', 'drop'] as const) {
    document.addEventListener(name, (event) => {
      if (event.dataTransfer?.types.includes('Files') === true) event.preventDefault();
    });
  }
}

/** Calls `take` with the files that are dropped or pasted here. */
export function onFiles(
  target: EventTarget,
  take: (files: File[]) => void,
  options: AddEventListenerOptions = {},
): void {
  const give = (event: Event, transfer: DataTransfer | null) => {
    const files = [...(transfer?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    take(files);
  };
  const drop = (event: Event) => give(event, (event as DragEvent).dataTransfer);
  target.addEventListener('drop', drop, options);
  target.addEventListener(
    'paste',
    (event) => {
      const { clipboardData } = event as ClipboardEvent;
      // What office programs copy comes as text and as a picture of it: the text is pasted.
      if (clipboardData?.types.includes('text/plain') !== true) give(event, clipboardData);
    },
    options,
  );
}

/** Lets the user choose files, or take a picture with a phone's camera. */
export function chooseFiles(take: (files: File[]) => void): void {
  const input = element('input', '');
  input.type = 'file';
  input.multiple = true;
  input.addEventListener('change', () => take([...(input.files ?? [])]));
  input.click();
}

/** The files of a message, each with the space that it will take once it is loaded. */
export function fileList({ room, files }: RowContext, shown: readonly FileInfo[]): HTMLElement[] {
  if (shown.length === 0) return [];
  const list = element('ul', 'files', ...shown.map(spaceFor));
  list.ariaLabel = text('files');
  lazy.showFiles(list, shown, room.roomId, files).catch(() => {
    for (const [at, { name }] of shown.entries()) list.children[at]?.replaceChildren(name);
  });
  return [list];
}

function spaceFor({ type, width = 1, height = 1 }: FileInfo): HTMLElement {
  const kind = type.split('/', 1)[0] ?? '';
  const made = element('li', `file is-${kind}`);
  const ratio = Math.min(RATIOS.most, Math.max(RATIOS.least, width / height));
  if (kind === 'image') made.style.aspectRatio = String(ratio);
  return made;
}

/** What a message says in one line: its text, or the names of its files. */
export function messageSummary(message: string, files: readonly FileInfo[] = []): string {
  return message || files.map(({ name }) => name).join(', ');
}

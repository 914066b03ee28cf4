import type { FileInfo, Files } from '../../../src/client/files.ts';
import { text } from '../texts.ts';
import { button, element } from '../view/dom.ts';
import { openLightbox } from './lightbox.ts';
import { sizeOf } from './size.ts';

export interface FilePlace {
  roomId: string;
  files: Files;
}

/** Shows the files of a message, each in the space that its row has reserved. */
export function showFiles(list: HTMLElement, shown: readonly FileInfo[], place: FilePlace): void {
  const pictures = shown.filter(({ type }) => type.startsWith('image/'));
  for (const [at, file] of shown.entries()) {
    const made = partFor(file, pictures, place);
    made.tabIndex = list.closest<HTMLElement>('.message')?.tabIndex ?? -1;
    made.dataset['place'] = `file ${file.fileId}`;
    list.children[at]?.replaceChildren(made);
  }
}

function partFor(file: FileInfo, pictures: readonly FileInfo[], place: FilePlace): HTMLElement {
  const kind = file.type.split('/', 1)[0];
  if (kind === 'image') return picture(file, pictures, place);
  if (kind === 'video' || kind === 'audio') return player(kind, file, place);
  const label = text('download', { name: file.name, size: sizeOf(file.size) });
  return button(label, () => void download(file, place));
}

function picture(file: FileInfo, pictures: readonly FileInfo[], place: FilePlace): HTMLElement {
  const { name, preview, fileId, size } = file;
  const made = button('', () => press(), 'picture');
  made.ariaLabel = name;
  let isShown = false;
  const show = () => {
    isShown = true;
    const image = element('img', '');
    Object.assign(image, { alt: name, loading: 'lazy', decoding: 'async' });
    made.replaceChildren(image);
    load(image, preview?.fileId ?? fileId, place);
  };
  const press = () => {
    if (isShown) openLightbox(pictures, file, place);
    else show();
  };
  if (savesData()) made.append(text('showFile', { name, size: sizeOf(preview?.size ?? size) }));
  else show();
  return made;
}

function player(kind: 'video' | 'audio', file: FileInfo, place: FilePlace): HTMLElement {
  const made = element(kind, '');
  made.controls = true;
  made.preload = savesData() || kind === 'audio' ? 'none' : 'metadata';
  made.setAttribute('aria-label', file.name);
  load(made, file.fileId, place);
  return made;
}

/** Loads a file into an element. Addresses expire after an hour or two: a failure is retried once. */
export function load(
  target: HTMLImageElement | HTMLMediaElement,
  fileId: string,
  { roomId, files }: FilePlace,
): void {
  const begin = async () => {
    try {
      target.src = await files.address(roomId, fileId);
    } catch {
      target.replaceWith(element('span', 'problem', text('unreachable')));
    }
  };
  target.addEventListener('error', () => void begin(), { once: true });
  void begin();
}

export async function download(file: FileInfo, { roomId, files }: FilePlace): Promise<void> {
  const address = await files.address(roomId, file.fileId).catch(() => undefined);
  if (address === undefined) return;
  const link = element('a', '');
  link.href = address;
  link.download = file.name;
  link.click();
}

/** Whether the user has asked their browser to load little. */
function savesData(): boolean {
  const { connection } = navigator as { connection?: { saveData?: boolean } };
  return connection?.saveData === true;
}

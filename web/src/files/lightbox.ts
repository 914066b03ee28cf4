import type { FileInfo } from '../../../src/client/files.ts';
import { text } from '../texts.ts';
import { button, element, focusInRow, iconButton } from '../view/dom.ts';
import { download, type FilePlace, load } from './shown.ts';
import { sizeOf } from './size.ts';

/** Shows a picture as large as the window; arrow keys show the other pictures of its message. */
export function openLightbox(
  pictures: readonly FileInfo[],
  first: FileInfo,
  place: FilePlace,
): void {
  const opener = document.activeElement;
  const stage = element('div', 'lightbox-stage');
  const dialog = element('dialog', 'lightbox', stage);
  let at = pictures.indexOf(first);

  function show(next: number): void {
    const file = pictures[next];
    if (file === undefined) return;
    at = next;
    const image = element('img', '');
    image.alt = file.name;
    load(image, file.fileId, place);
    const size = sizeOf(file.size);
    const save = () => void download(file, place);
    const bar = element(
      'div',
      'lightbox-bar',
      element('bdi', 'upload-name', file.name),
      button(text('download', { name: '', size }), save, 'button'),
      ...(pictures.length > 1 ? [previous, following] : []),
      close,
    );
    stage.replaceChildren(image, bar);
    previous.disabled = at === 0;
    following.disabled = at === pictures.length - 1;
    dialog.ariaLabel = file.name;
  }

  const previous = button(text('previousPicture'), () => show(at - 1), 'button');
  const following = button(text('nextPicture'), () => show(at + 1), 'button');
  const close = iconButton(text('close'), 'close', () => dialog.close());
  dialog.addEventListener('keydown', ({ key }) => {
    if (key === 'ArrowLeft') show(at - 1);
    if (key === 'ArrowRight') show(at + 1);
  });
  dialog.addEventListener('click', ({ target }) => {
    if (target === dialog || target === stage) dialog.close();
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    if (opener instanceof HTMLElement) focusInRow(opener);
  });
  show(at);
  document.body.append(dialog);
  dialog.showModal();
}

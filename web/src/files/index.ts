/** What the page does with files; part of what `view/extras.ts` loads on demand. */
export { Files } from '../../../src/client/files.ts';
export { showFiles } from './shown.ts';
export { Tray } from './tray.ts';

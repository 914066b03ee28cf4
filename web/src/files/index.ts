/** Files in the page: one file, loaded with the first that is shown or attached. */
export { Files } from '../../../src/client/files.ts';
export { showFiles } from './shown.ts';
export { Tray } from './tray.ts';

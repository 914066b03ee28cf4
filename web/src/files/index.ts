/** Files in the page: one file, loaded with the first that is shown or attached. */
import { addStyle } from './style.ts';

export { Files } from '../../../src/client/files.ts';
export { showFiles } from './shown.ts';
export { Tray } from './tray.ts';

addStyle();

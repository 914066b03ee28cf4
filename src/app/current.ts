import app from '#app';
import { applicationOf } from './application.ts';

/** The application that this host is built with. */
export const application = applicationOf(app);

import { defineApp } from './app/define.ts';

/**
 * The application: signals, kinds of messages and commands of your own, and a rule for the texts of
 * messages. Both hosts are built with it. See docs/build-on-parlor.md.
 */
export default defineApp({});

/** How often it is checked that the parent is still there, in milliseconds. */
const CHECK_EVERY_MS = 200;

/**
 * Ends this process, as SIGTERM would, once its parent has gone. `npm run` starts scripts through a
 * shell, and a signal to npm ends npm and the shell but does not reach what the shell started.
 */
export function endWithParent(): void {
  const parent = process.ppid;
  const check = setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, CHECK_EVERY_MS);
  check.unref();
}

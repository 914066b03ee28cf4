/**
 * As much of this environment as a program of the tests gets: where commands are, and where Node keeps
 * compiled code, which halves what a start takes.
 */
export function bareEnvironment(): Record<string, string> {
  const { PATH = '', NODE_COMPILE_CACHE } = process.env;
  return NODE_COMPILE_CACHE === undefined ? { PATH } : { PATH, NODE_COMPILE_CACHE };
}

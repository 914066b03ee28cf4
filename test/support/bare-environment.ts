/**
 * The environment variables that tests pass on to programs: `PATH`, and Node's compile cache, which
 * halves the time of a start.
 */
export function bareEnvironment(): Record<string, string> {
  const { PATH = '', NODE_COMPILE_CACHE } = process.env;
  return NODE_COMPILE_CACHE === undefined ? { PATH } : { PATH, NODE_COMPILE_CACHE };
}

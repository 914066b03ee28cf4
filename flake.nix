{
  description = "Parlor: chat rooms on a server of your own";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  outputs =
    { nixpkgs, ... }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      forEachSystem = make: nixpkgs.lib.genAttrs systems (system: make nixpkgs.legacyPackages.${system});
    in
    {
      # `nix develop`: the Node that Parlor runs on, and on Linux the browser of its tests. On NixOS,
      # programs that npm installs (workerd, esbuild) need programs.nix-ld.enable.
      devShells = forEachSystem (pkgs: {
        default = pkgs.mkShell (
          {
            packages = [ pkgs.nodejs_24 ] ++ pkgs.lib.optional pkgs.stdenv.isLinux pkgs.chromium;
          }
          // pkgs.lib.optionalAttrs pkgs.stdenv.isLinux {
            CHROMIUM_PATH = "${pkgs.chromium}/bin/chromium";
          }
        );
      });
    };
}

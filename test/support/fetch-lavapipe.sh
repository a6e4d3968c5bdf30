#!/usr/bin/env bash
# Unpacks Debian's backported lavapipe (Mesa's software Vulkan driver, which has f16 and subgroups) and the libraries it needs into the
# cache folder that tests look in, or into the folder given. Installs nothing and needs no root: a Debian 12 with apt and its keys.
# Debian 12's own lavapipe is too old for Dawn.
set -eu
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/webspex/lavapipe}
if [ -e "$folder/lvp_icd.json" ]; then
  echo "lavapipe is in $folder"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/unpacked" "$work/lib" "$(dirname "$folder")"
# The mirror that apt uses already.
mirror=$(apt-get indextargets --format '$(SITE)' 'Codename: bookworm' 'Created-By: Packages' | head -n 1)
for suite in bookworm bookworm-backports; do
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:?expected Debian 12 among the sources of apt, got none} $suite main"
done >"$work/sources.list"
# Lists and state of its own, so that nothing counts as installed and nothing of the machine is touched.
options=(-o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$work/lists" -o Dir::State::status=/dev/null
  -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root -qq)
apt-get "${options[@]}" update
# The C library and the compiler's own come with every system and must not be mixed.
packages=$(apt-get "${options[@]}" -t bookworm-backports --no-install-recommends -s install mesa-vulkan-drivers |
  awk '$1 == "Inst" { print $2 }' | grep -Ev '^(libc6|libgcc-s1|gcc-[0-9]+-base|libstdc\+\+6)$')
(cd "$work/debs" && apt-get "${options[@]}" -t bookworm-backports download $packages)
for deb in "$work"/debs/*.deb; do dpkg -x "$deb" "$work/unpacked"; done
find "$work/unpacked" -name '*.so*' ! -name 'libvulkan_[a-km-z]*' -exec cp -P -t "$work/lib" {} +
sed 's|"library_path": *"[^"]*"|"library_path": "./libvulkan_lvp.so"|' "$work"/unpacked/usr/share/vulkan/icd.d/lvp_icd*.json >"$work/lib/lvp_icd.json"
mv "$work/lib" "$folder"
echo "lavapipe is in $folder"

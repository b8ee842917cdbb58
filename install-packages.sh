# Sourced by run.sh and test.sh: installs Debian packages that are missing, and says so.
need_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    echo "installing through apt: ${missing[*]}"
    if ! { "${as_root[@]}" apt-get update -qq \
        && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; }; then
        echo "could not install ${missing[*]}: run 'apt-get install ${missing[*]}' as root, then try again" >&2
        return 1
    fi
}

need_dotnet() {
    command -v dotnet >/dev/null && return 0
    echo "the .NET SDK 10 is missing: see https://dotnet.microsoft.com/download" >&2
    return 1
}

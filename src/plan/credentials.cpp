#include "plan/credentials.hpp"

#include "plan/glob.hpp"
#include "spec/paths.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include <sys/stat.h>

namespace sandbox::plan {
namespace {

// Grouped by directory: find_stores() looks at each directory once.
constexpr auto homes = std::to_array<std::string_view>({
    // Keys and passwords.
    ".ssh",
    ".gnupg",
    ".pki",
    ".password-store",
    ".local/share/keyrings",
    ".local/share/kwalletd",
    ".local/share/gopass",
    ".kde/share/apps/kwallet",
    ".config/op",
    ".config/1Password",
    ".config/Bitwarden*",
    ".config/KeePass*",
    ".config/keepassxc",
    ".config/sops",
    ".config/age",
    ".age",
    ".op",
    ".authinfo*",
    ".netrc",
    "_netrc",
    ".secrets",
    // Clouds and their tools.
    ".aws",
    ".azure",
    ".config/gcloud",
    ".config/doctl",
    ".config/hcloud",
    ".config/linode-cli",
    ".config/rclone",
    ".config/heroku",
    ".config/netlify",
    ".config/vercel",
    ".config/fly",
    ".fly",
    ".oci",
    ".aliyun",
    ".boto",
    ".s3cfg",
    ".terraform.d/credentials.tfrc.json",
    ".terraformrc",
    ".pulumi/credentials.json",
    ".vault-token",
    ".kube",
    ".minikube",
    ".config/helm",
    ".docker",
    ".config/containers/auth.json",
    ".databrickscfg",
    ".snowflake",
    // Source code and packages.
    ".git-credentials",
    ".config/git/credentials",
    ".config/gh",
    ".config/glab-cli",
    ".config/hub",
    ".config/tea",
    ".npmrc",
    ".yarnrc*",
    ".pypirc",
    ".config/pip",
    ".pip",
    ".config/pypoetry/auth.toml",
    ".cargo/credentials*",
    ".gem/credentials",
    ".bundle/config",
    ".m2/settings*.xml",
    ".gradle/gradle.properties",
    ".nuget/NuGet",
    ".config/NuGet",
    ".composer/auth.json",
    ".config/composer/auth.json",
    ".hex",
    ".cabal/config",
    ".condarc",
    ".huggingface",
    ".cache/huggingface/token",
    ".kaggle",
    // Assistants that hold tokens.
    ".claude",
    ".claude.json*",
    ".codex",
    ".gemini",
    ".config/github-copilot",
    ".config/openai",
    // Databases and mail.
    ".pgpass",
    ".my.cnf",
    ".mylogin.cnf",
    ".mongorc.js",
    ".dbshell",
    ".msmtprc",
    ".fetchmailrc",
    ".getmail",
    ".mutt",
    ".muttrc",
    ".config/neomutt",
    ".config/msmtp",
    ".offlineimaprc",
    ".mbsyncrc",
    ".smbcredentials",
    ".thunderbird",
    ".config/evolution",
    ".local/share/evolution",
    ".config/goa-1.0",
    // Browsers and what is built like one, also from snap and flatpak.
    ".mozilla",
    ".librewolf",
    ".zen",
    ".config/mozilla",
    ".config/google-chrome*",
    ".config/chromium*",
    ".config/BraveSoftware",
    ".config/microsoft-edge*",
    ".config/vivaldi*",
    ".config/opera*",
    ".config/Slack",
    ".config/discord*",
    ".config/Signal*",
    ".config/Element",
    ".local/share/TelegramDesktop",
    ".config/Code/User/globalStorage",
    ".cache/mozilla",
    ".cache/google-chrome*",
    ".cache/chromium",
    "snap",
    ".var/app",
    // What was typed.
    ".*_history",
    ".*_history-*",
    ".*_hist",
    ".histfile",
    ".history",
    ".zsh_sessions",
    ".bash_sessions",
    ".lesshst",
    ".viminfo",
    ".wget-hsts",
    ".local/share/fish/fish_history",
    ".local/share/atuin",
    ".local/state/bash/history",
    ".local/state/nvim/shada",
    ".local/share/recently-used.xbel",
    // Sessions and devices.
    ".Xauthority",
    ".ICEauthority",
    ".dbus",
    ".config/pulse/cookie",
    ".rhosts",
    ".shosts",
    ".vnc",
    ".config/remmina",
    ".local/share/remmina",
    ".config/wireguard",
    ".config/openvpn*",
    ".electrum",
    ".bitcoin",
    ".ethereum",
});

constexpr auto system = std::to_array<std::string_view>({
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/security/opasswd",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/doas.conf",
    "/etc/ssh/ssh_host_*_key",
    "/etc/ssl/private",
    "/etc/pki/tls/private",
    "/etc/letsencrypt",
    "/etc/krb5.keytab",
    "/etc/samba/smbpasswd",
    "/etc/wireguard",
    "/etc/openvpn",
    "/etc/ipsec.secrets",
    "/etc/ipsec.d/private",
    "/etc/swanctl/private",
    "/etc/ppp/chap-secrets",
    "/etc/ppp/pap-secrets",
    "/etc/NetworkManager/system-connections",
    "/etc/netplan",
    "/etc/wpa_supplicant",
    "/etc/polkit-1/localauthority",
    "/etc/cups/passwd*",
    "/etc/mysql/debian.cnf",
    "/etc/cryptsetup-keys.d",
    "/etc/credstore*",
    "/etc/kubernetes",
    "/etc/rancher",
    "/var/lib/sss/secrets",
    "/var/lib/systemd/credential.secret",
    "/var/lib/NetworkManager/secret_key",
    "/var/spool/cron",
    "/var/backups",
});

bool is_directory(const host::Tree& tree, const std::string& path) {
    int error = 0;
    const std::optional<FileId> id = tree.follow(path, error);
    return id && S_ISDIR(id->type);
}

std::vector<std::string> names_that_match(const host::Tree& tree, const std::string& directory,
                                          std::string_view pattern) {
    std::vector<std::string> names = tree.names(directory).value_or(std::vector<std::string>());
    std::erase_if(names, [&](const std::string& name) { return !matches(pattern, name); });
    std::ranges::sort(names);
    return names;
}

}  // namespace

std::span<const std::string_view> home_stores() {
    return homes;
}

std::span<const std::string_view> system_stores() {
    return system;
}

bool is_in_store(std::string_view relative) {
    return std::ranges::any_of(homes, [&](std::string_view store) {
        // As many components as the store has; the last one of those may be a pattern.
        std::size_t end = 0;
        const auto slashes = std::ranges::count(store, '/');
        for (std::ptrdiff_t i = 0; i <= slashes; ++i) {
            end = relative.find('/', i == 0 ? 0 : end + 1);
            if (end == std::string_view::npos && i < slashes) {
                return false;
            }
        }
        const std::string_view part = relative.substr(0, end);
        const std::size_t leaf = store.rfind('/') + 1;  // 0 where there is no slash
        return part.size() > leaf && part.substr(0, leaf) == store.substr(0, leaf) &&
               matches(store.substr(leaf), part.substr(leaf));
    });
}

bool holds_store(const host::Tree& tree, const std::string& home, const std::string& canonical) {
    std::map<std::string, std::optional<std::string>> directories;
    for (const std::string_view store : homes) {
        const std::string path = spec::join(home, store);
        const std::string above = spec::parent(path);
        const std::string leaf = path.substr(path.rfind('/') + 1);
        const auto [known, fresh] = directories.emplace(above, std::nullopt);
        if (fresh) {
            known->second = tree.canonical(above);
        }
        if (is_pattern(leaf)) {
            if (known->second && spec::is_below_or_same(*known->second, canonical) &&
                !names_that_match(tree, above, leaf).empty()) {
                return true;
            }
            continue;
        }
        const std::optional<host::Entry> entry = known->second ? tree.look(path) : std::nullopt;
        if (!entry) {
            continue;
        }
        // The store, or a directory above it, may be a link to where it really is.
        const std::optional<std::string> real =
            S_ISLNK(entry->id.type) ? tree.canonical(path) : spec::join(*known->second, leaf);
        if (real && (spec::is_below_or_same(canonical, *real) || spec::is_below_or_same(*real, canonical))) {
            return true;
        }
    }
    return false;
}

std::vector<std::string> find_stores(const host::Tree& tree, const std::string& base,
                                     std::span<const std::string_view> stores, bool existing) {
    std::vector<std::string> found;
    std::map<std::string, bool> directories;
    for (const std::string_view store : stores) {
        const std::string path = base.empty() ? std::string(store) : spec::join(base, store);
        const std::string above = spec::parent(path);
        const auto [known, fresh] = directories.emplace(above, false);
        if (fresh) {
            known->second = is_directory(tree, above);
        }
        if (!known->second) {
            continue;
        }
        const std::string leaf = path.substr(path.rfind('/') + 1);
        if (!is_pattern(leaf)) {
            if (!existing || tree.look(path)) {
                found.push_back(path);
            }
            continue;
        }
        for (const std::string& name : names_that_match(tree, above, leaf)) {
            found.push_back(spec::join(above, name));
        }
    }
    return found;
}

}  // namespace sandbox::plan

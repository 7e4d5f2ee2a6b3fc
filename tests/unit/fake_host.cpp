#include "unit/fake_host.hpp"

#include "spec/paths.hpp"

#include <cerrno>
#include <deque>
#include <stdexcept>

#include <fcntl.h>
#include <sys/stat.h>

namespace sandbox::test {
namespace {

constexpr dev_t the_device = 1;
constexpr int most_links = 40;

}  // namespace

FakeTree::FakeTree() : root_(make_node(S_IFDIR, "")), cwd_{{"", root_}} {}

// An alias of a directory above itself makes a ring, which would keep itself alive.
FakeTree::~FakeTree() {
    for (const std::weak_ptr<Node>& node : nodes_) {
        if (const std::shared_ptr<Node> living = node.lock()) {
            living->entries.clear();
        }
    }
}

std::shared_ptr<FakeTree::Node> FakeTree::make_node(mode_t type, const std::string& text) {
    auto node = std::make_shared<Node>();
    node->id = {the_device, next_inode_++, type};
    node->text = text;
    nodes_.push_back(node);
    return node;
}

// Where a path stands or would stand, taken literally: symbolic links are not followed.
std::shared_ptr<FakeTree::Node>& FakeTree::slot(const std::string& path) {
    std::shared_ptr<Node>* at = &root_;
    for (const std::string& part : spec::components(path)) {
        if (!*at) {
            *at = make_node(S_IFDIR, "");
        }
        if (!S_ISDIR((*at)->id.type)) {
            throw std::logic_error(path + " lies below something that is no directory");
        }
        at = &(*at)->entries[part];
    }
    return *at;
}

void FakeTree::add(const std::string& path, mode_t type, const std::string& text) {
    std::shared_ptr<Node>& place = slot(path);
    if (place && S_ISDIR(place->id.type) && S_ISDIR(type)) {
        return;
    }
    place = make_node(type, text);
}

void FakeTree::directory(const std::string& path) {
    add(path, S_IFDIR, "");
}
void FakeTree::file(const std::string& path, const std::string& text) {
    add(path, S_IFREG, text);
}
void FakeTree::device(const std::string& path) {
    add(path, S_IFCHR, "");
}
void FakeTree::link(const std::string& path, const std::string& text, uid_t owner) {
    add(path, S_IFLNK, text);
    slot(path)->owner = owner;
}

void FakeTree::alias(const std::string& path, const std::string& from) {
    const std::shared_ptr<Node> node = slot(from);
    slot(path) = node;
}

void FakeTree::close(const std::string& path) {
    slot(path)->closed = true;
}

void FakeTree::remove(const std::string& path) {
    slot(spec::parent(path))->entries.erase(path.substr(path.rfind('/') + 1));
}

void FakeTree::enter(const std::string& path) {
    int error = 0;
    if (walk(path, true, error).empty()) {
        directory(path);
    }
    cwd_ = walk(path, true, error);
}

FakeTree::Trail FakeTree::walk(const std::string& path, bool follow_last, int& error) const {
    return walk(path, follow_last, error, [](const std::string&, const Node&) { return true; });
}

FakeTree::Trail FakeTree::walk(const std::string& path, bool follow_last, int& error, const Follow& follow) const {
    Trail trail = path.starts_with('/') ? Trail{{"", root_}} : cwd_;
    const std::vector<std::string> parts = spec::components(path);
    std::deque<std::string> todo(parts.begin(), parts.end());
    for (int links = 0; !todo.empty();) {
        const std::string part = todo.front();
        todo.pop_front();
        const std::shared_ptr<Node> directory = trail.back().second;
        if (!S_ISDIR(directory->id.type) || directory->closed) {
            error = directory->closed ? EACCES : ENOTDIR;
            return {};
        }
        if (part == "..") {
            if (trail.size() > 1) {
                trail.pop_back();
            }
            continue;
        }
        const auto found = directory->entries.find(part);
        if (found == directory->entries.end()) {
            error = ENOENT;
            return {};
        }
        if (!S_ISLNK(found->second->id.type) || (todo.empty() && !follow_last)) {
            trail.emplace_back(part, found->second);
            continue;
        }
        if (++links > most_links) {
            error = ELOOP;
            return {};
        }
        if (!follow(spec::join(path_of(trail), part), *found->second)) {
            return {};
        }
        const std::string& text = found->second->text;
        const std::vector<std::string> target = spec::components(text);
        todo.insert(todo.begin(), target.begin(), target.end());
        if (text.starts_with('/')) {
            trail = {{"", root_}};
        }
    }
    return trail;
}

std::string FakeTree::path_of(const Trail& trail) {
    std::string path;
    for (std::size_t i = 1; i < trail.size(); ++i) {
        path += '/' + trail[i].first;
    }
    return path.empty() ? "/" : path;
}

std::optional<host::Entry> FakeTree::look(const std::string& path) const {
    int error = 0;
    const Trail trail = walk(path, false, error);
    if (trail.empty()) {
        return std::nullopt;
    }
    const Node& node = *trail.back().second;
    return host::Entry{path, node.id, S_ISLNK(node.id.type) ? node.text : std::string()};
}

std::optional<plan::FileId> FakeTree::follow(const std::string& path, int& error) const {
    const Trail trail = walk(path, true, error);
    return trail.empty() ? std::nullopt : std::optional(trail.back().second->id);
}

std::optional<std::string> FakeTree::canonical(const std::string& path) const {
    int error = 0;
    const Trail trail = walk(path, true, error);
    if (trail.empty()) {
        return std::nullopt;
    }
    // A removed current directory has no path any more.
    const std::string name = path_of(trail);
    const Trail again = walk(name, true, error);
    return again.empty() || again.back().second != trail.back().second ? std::nullopt : std::optional(name);
}

host::Resolution FakeTree::resolve(const std::string& path, const host::LinkRule& rule) const {
    host::Resolution result;
    std::vector<std::string> fences;
    const Trail trail = walk(path, true, result.error, [&](const std::string& where, const Node& link) {
        if (!rule.trusts(link.owner)) {
            result.end = host::Resolution::End::of_another_user;
            result.link = where;
            result.owner = link.owner;
            return false;
        }
        rule.enter(where, fences, result.link);
        return true;
    });
    if (trail.empty()) {
        return result;
    }
    result.id = trail.back().second->id;
    result.owner = 1000;  // all is the caller's own
    result.canonical = canonical(path).value_or(path_of(trail));
    result.fence = host::LinkRule::left(fences, result.canonical);
    result.end = result.fence.empty() ? host::Resolution::End::reached : host::Resolution::End::leads_out;
    return result;
}

std::optional<std::vector<host::Entry>> FakeTree::list(const std::string& path) const {
    int error = 0;
    const Trail trail = walk(path, true, error);
    if (trail.empty() || !S_ISDIR(trail.back().second->id.type) || trail.back().second->closed) {
        return std::nullopt;
    }
    std::vector<host::Entry> entries;
    for (const auto& [name, node] : trail.back().second->entries) {
        entries.push_back({name, node->id, S_ISLNK(node->id.type) ? node->text : std::string()});
    }
    return entries;
}

std::string FakeTree::read(const std::string& root, const std::string& path) const {
    int error = 0;
    const Trail trail = walk(root == "/" ? path : root + path, true, error);
    return trail.empty() || !S_ISREG(trail.back().second->id.type) ? std::string() : trail.back().second->text;
}

FakeHost::FakeHost(const std::string& cwd) {
    for (const char* directory :
         {"/boot",    "/dev",       "/etc",      "/home/ann",      "/home/bob", "/media",  "/mnt", "/opt",
          "/proc",    "/root",      "/run/lock", "/run/user/1000", "/srv",      "/sys",    "/tmp", "/usr/bin",
          "/usr/lib", "/usr/lib64", "/usr/sbin", "/var/lib",       "/var/log",  "/var/tmp"}) {
        tree.directory(directory);
    }
    for (const char* name : {"bin", "lib", "lib64", "sbin"}) {
        tree.link("/" + std::string(name), "usr/" + std::string(name));
    }
    for (const char* name : {"null", "zero", "full", "random", "urandom", "tty", "sda", "ptmx"}) {
        tree.device("/dev/" + std::string(name));
    }
    for (const char* name : {"pts", "shm", "mqueue"}) {
        tree.directory("/dev/" + std::string(name));
    }
    tree.link("/var/run", "/run");
    tree.link("/var/lock", "/run/lock");
    tree.file("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000:Ann,,,:/home/ann:/bin/bash\n");
    tree.file("/etc/hosts");
    tree.file("/etc/resolv.conf");
    tree.file("/usr/bin/true");
    for (const char* directory : {"/home/ann/.ssh", "/home/ann/.config/gcloud", "/home/ann/project/.git",
                                  "/home/ann/project/src/deep", "/home/ann/notes"}) {
        tree.directory(directory);
    }
    facts.uid = 1000;
    facts.gid = 1000;
    for (host::Stream& stream : facts.streams) {
        stream.open = true;
        stream.type = S_IFIFO;
    }
    facts.streams[1].access = facts.streams[2].access = O_WRONLY;
    facts.mounts = {{"8:1", "/", "/", "ext4"},
                    {"0:20", "/", "/proc", "proc"},
                    {"0:21", "/", "/sys", "sysfs"},
                    {"0:5", "/", "/dev", "devtmpfs"},
                    {"0:23", "/", "/run", "tmpfs"}};
    facts.landlock_abi = 7;
    facts.core_limit = ~std::uint64_t{0};
    facts.environment = {"PATH=/usr/local/bin:/usr/bin:/bin",
                         "HOME=/home/ann",
                         "USER=ann",
                         "SHELL=/bin/bash",
                         "LANG=en_US.UTF-8",
                         "SSH_AUTH_SOCK=/run/user/1000/agent",
                         "XDG_RUNTIME_DIR=/run/user/1000",
                         "AWS_SECRET_KEY=hunter2"};
    enter(cwd);
}

void FakeHost::enter(const std::string& path) {
    tree.enter(path);
    int error = 0;
    facts.cwd = tree.canonical(".");
    facts.cwd_id = tree.follow(".", error).value();
}

void FakeHost::lose_cwd() {
    tree.remove(facts.cwd.value());
    facts.cwd.reset();
    facts.cwd_error = ENOENT;
}

void FakeHost::mount_again(const std::string& path, const std::string& from) {
    tree.alias(path, from);
    facts.mounts.push_back({facts.mounts.front().device, from, path, facts.mounts.front().type});
}

void FakeHost::mount_kernel(const std::string& path, const std::string& type) {
    tree.directory(path);
    facts.mounts.push_back({"0:99", "/", path, type});
}

void FakeHost::set(const std::string& name, const std::optional<std::string>& value) {
    std::erase_if(facts.environment, [&](const std::string& entry) { return entry.starts_with(name + "="); });
    if (value) {
        facts.environment.push_back(name + "=" + *value);
    }
}

}  // namespace sandbox::test

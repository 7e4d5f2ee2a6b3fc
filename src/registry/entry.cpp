#include "registry/entry.hpp"

#include "json/json.hpp"
#include "registry/fields.hpp"
#include "spec/escape.hpp"
#include "spec/limits.hpp"
#include "spec/namespaces.hpp"
#include "spec/validate.hpp"

#include <sandbox/error.hpp>

#include <charconv>
#include <cstddef>

namespace sandbox::registry {
namespace {

using json::Json;

// An entry of ten thousand mounts has some 2 MiB.
constexpr std::size_t most_bytes = 64UL << 20U;

Json process_json(const ProcessId& id) {
    return json::object()
        .add("pid", json::number(static_cast<std::uint64_t>(id.pid)))
        .add("start", json::number(id.start));
}

ProcessId process(const Json& object, std::string_view key) {
    const Json& value = need(object, key);
    return {number<pid_t>(value, "pid"), number<std::uint64_t>(value, "start")};
}

Json kinds_json(NamespaceSet set) {
    Json list = json::array();
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        if (set.contains(row.kind)) {
            list.add(json::text(row.name));
        }
    }
    return list;
}

NamespaceSet kinds(const Json& object, std::string_view key) {
    NamespaceSet set;
    for (const std::string& name : texts(object, key)) {
        const std::optional<Namespace> kind = spec::namespace_from_name(name);
        if (!kind) {
            throw Unknown{};
        }
        set.insert(*kind);
    }
    return set;
}

Json ranges_json(const std::vector<IdRange>& ranges) {
    Json list = json::array();
    for (const IdRange& range : ranges) {
        list.add(json::array()
                     .add(json::number(range.inside))
                     .add(json::number(range.outside))
                     .add(json::number(range.count)));
    }
    return list;
}

std::vector<IdRange> ranges(const Json& object, std::string_view key) {
    std::vector<IdRange> result;
    for (const Json& item : items(object, key)) {
        const std::vector<Json>& numbers = items_at(item);
        if (numbers.size() != 3) {
            throw Unknown{};
        }
        result.push_back({number_at<std::uint32_t>(numbers[0]), number_at<std::uint32_t>(numbers[1]),
                          number_at<std::uint32_t>(numbers[2])});
    }
    return result;
}

Json inodes_json(const NamedSandbox& sandbox) {
    Json object = json::object();
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        const NamespaceInode& inode = sandbox.namespaces.at(static_cast<std::size_t>(row.kind));
        object.add(row.name, json::array().add(json::number(inode.inside)).add(json::number(inode.outside)));
    }
    return object;
}

void read_inodes(const Json& object, NamedSandbox& sandbox) {
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        const std::vector<Json>& pair = items(object, row.name);
        if (pair.size() != 2) {
            throw Unknown{};
        }
        sandbox.namespaces.at(static_cast<std::size_t>(row.kind)) = {number_at<std::uint64_t>(pair[0]),
                                                                     number_at<std::uint64_t>(pair[1])};
    }
}

// One text, as the filter is: a view has hundreds. Of each: `w` or `r`, the length of the path and of its source, and
// both texts; for a source that is the path itself `=`.
Json paths_json(const std::vector<ShownPath>& paths) {
    std::string all;
    for (const ShownPath& path : paths) {
        const bool same = path.source == path.path;
        all += path.writable ? 'w' : 'r';
        all += std::to_string(path.path.size()) + (same ? "=" : ' ' + std::to_string(path.source.size()) + ':');
        all += path.path;
        all += same ? std::string() : path.source;
    }
    return json::text(all);
}

/// Takes the parts of such a text off its front. What is not there is Unknown.
class PathReader {
  public:
    explicit PathReader(std::string_view text) : rest_(text) {}
    [[nodiscard]] bool is_empty() const { return rest_.empty(); }
    ShownPath next() {
        ShownPath path;
        const char access = mark();
        const std::size_t length = number();
        const char kind = mark();
        const std::size_t source = kind == ' ' ? number() : 0;
        if ((access != 'w' && access != 'r') || (kind == ' ' ? mark() != ':' : kind != '=')) {
            throw Unknown{};
        }
        path.writable = access == 'w';
        path.path = take(length);
        path.source = kind == '=' ? path.path : take(source);
        return path;
    }

  private:
    std::string take(std::size_t length) {
        if (length > rest_.size()) {
            throw Unknown{};
        }
        std::string text(rest_.substr(0, length));
        rest_.remove_prefix(length);
        return text;
    }
    char mark() { return take(1).front(); }
    std::size_t number() {
        std::size_t value = 0;
        const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (error != std::errc()) {
            throw Unknown{};
        }
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return value;
    }

    std::string_view rest_;
};

std::vector<ShownPath> paths(const Json& object, std::string_view key) {
    const std::string all = text(object, key);
    std::vector<ShownPath> result;
    for (PathReader reader(all); !reader.is_empty();) {
        result.push_back(reader.next());
    }
    return result;
}

CapabilitySet capabilities(const Json& object, std::string_view key) {
    const auto bits = number<std::uint64_t>(object, key);
    CapabilitySet set;
    for (std::size_t i = 0; i < capability_count; ++i) {
        if ((bits >> i & 1U) != 0) {
            set.insert(static_cast<Capability>(i));
        }
    }
    return set;
}

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::size_t digits_of_instruction = 16;

std::uint64_t packed(const sock_filter& instruction) {
    return std::uint64_t{instruction.code} << 48U | std::uint64_t{instruction.jt} << 40U |
           std::uint64_t{instruction.jf} << 32U | instruction.k;
}

// One text: as numbers, the thousands of them would take most of the time that it takes to read an entry.
Json filter_json(const std::vector<sock_filter>& filter) {
    std::string text;
    text.reserve(filter.size() * digits_of_instruction);
    for (const sock_filter& instruction : filter) {
        const std::uint64_t value = packed(instruction);
        for (unsigned shift = 64; shift > 0; shift -= 4) {
            text += digits[value >> (shift - 4) & 15U];
        }
    }
    return json::text(text);
}

std::vector<sock_filter> filter(const Json& object, std::string_view key) {
    const std::string all = text(object, key);
    if (all.size() % digits_of_instruction != 0) {
        throw Unknown{};
    }
    std::vector<sock_filter> result;
    for (std::size_t at = 0; at < all.size(); at += digits_of_instruction) {
        std::uint64_t value = 0;
        const char* const end = all.data() + at + digits_of_instruction;
        if (std::from_chars(all.data() + at, end, value, 16).ptr != end) {
            throw Unknown{};
        }
        result.push_back({static_cast<std::uint16_t>(value >> 48U), static_cast<std::uint8_t>(value >> 40U),
                          static_cast<std::uint8_t>(value >> 32U), static_cast<std::uint32_t>(value)});
    }
    return result;
}

Json rules_json(const std::vector<EnvironmentRule>& rules) {
    Json list = json::array();
    for (const EnvironmentRule& rule : rules) {
        Json object = json::object().add("name", json::text(rule.name));
        if (rule.value) {
            object.add("value", json::text(*rule.value));
        }
        list.add(std::move(object));
    }
    return list;
}

std::vector<EnvironmentRule> rules(const Json& object, std::string_view key) {
    std::vector<EnvironmentRule> result;
    for (const Json& item : items(object, key)) {
        const Json* const value = item.find("value");
        result.push_back({text(item, "name"), value == nullptr ? std::nullopt : std::optional(text_at(*value))});
    }
    return result;
}

Json joining_json(const Joining& joining) {
    Json groups = json::array();
    for (const std::uint32_t group : joining.groups) {
        groups.add(json::number(group));
    }
    Json object = json::object()
                      .add("owned", kinds_json(joining.owned))
                      .add("groups", std::move(groups))
                      .add("inherited", kinds_json(joining.inherited))
                      .add("quota-userns", json::boolean(joining.quota_userns))
                      .add("set-ids", json::boolean(joining.set_ids))
                      .add("set-groups", json::boolean(joining.set_groups))
                      .add("private-ids", json::boolean(joining.private_ids))
                      .add("filter", filter_json(joining.filter))
                      .add("clear-environment", json::boolean(joining.clear_environment))
                      .add("environment", rules_json(joining.environment))
                      .add("home", json::text(joining.home));
    if (joining.core_limit) {
        object.add("core-limit", json::number(*joining.core_limit));
    }
    if (joining.user_name) {
        object.add("user-name", json::text(*joining.user_name));
    }
    return object;
}

Joining joining(const Json& object) {
    Joining result;
    result.owned = kinds(object, "owned");
    for (const Json& group : items(object, "groups")) {
        result.groups.push_back(number_at<std::uint32_t>(group));
    }
    result.set_ids = flag(object, "set-ids");
    result.inherited = kinds(object, "inherited");
    result.quota_userns = flag(object, "quota-userns");
    result.set_groups = flag(object, "set-groups");
    result.private_ids = flag(object, "private-ids");
    result.filter = filter(object, "filter");
    result.clear_environment = flag(object, "clear-environment");
    result.environment = rules(object, "environment");
    result.home = text(object, "home");
    if (const Json* const limit = object.find("core-limit")) {
        result.core_limit = number_at<std::uint64_t>(*limit);
    }
    if (const Json* const name = object.find("user-name")) {
        result.user_name = text_at(*name);
    }
    return result;
}

Request request(const Json& object) {
    Request result;
    result.name = text(object, "name");
    result.boot = text(object, "boot");
    result.launcher = process(object, "launcher");
    result.detached = flag(object, "detached");
    result.foreground = flag(object, "foreground");
    return result;
}

Running running(const Json& object) {
    Running result;
    result.init = process(object, "init");
    result.command = process(object, "command");
    NamedSandbox& sandbox = result.sandbox;
    sandbox.started = number<std::int64_t>(object, "started");
    sandbox.arguments = texts(object, "arguments");
    sandbox.user = number<std::uint32_t>(object, "user");
    sandbox.group = number<std::uint32_t>(object, "group");
    sandbox.users = ranges(object, "users");
    sandbox.groups = ranges(object, "groups");
    sandbox.fresh = kinds(object, "fresh");
    read_inodes(need(object, "namespaces"), sandbox);
    sandbox.paths = paths(object, "paths");
    sandbox.capabilities = capabilities(object, "capabilities");
    sandbox.cwd = text(object, "cwd");
    sandbox.notes = texts(object, "notes");
    sandbox.limits = texts(object, "limits");
    sandbox.cgroup = text(object, "cgroup");
    result.joining = joining(need(object, "joining"));
    return result;
}

Outcome outcome(const Json& object) {
    Outcome outcome;
    if (const Json* const signal = object.find("signal")) {
        outcome = {Outcome::Kind::signaled, number_at<int>(*signal)};
    } else if (const Json* const status = object.find("exit")) {
        outcome = {Outcome::Kind::exited, number_at<int>(*status)};
    }
    if (object.find("limit") != nullptr) {
        outcome.limit = spec::find_limit(text(object, "limit"));
    }
    return outcome;
}

std::string line(std::string_view what, Json value) {
    return json::write_json(json::object().add(std::string(what), std::move(value))) + '\n';
}

// Whether the line was one.
bool read_line(std::string_view text, std::optional<Entry>& entry) {
    try {
        const Json value = json::parse_json(text, most_bytes);
        if (!entry) {
            entry = Entry{request(need(value, "request")), {}, {}};
        } else if (const Json* const runs = value.find("running")) {
            entry->running = running(*runs);
        } else {
            entry->ended = outcome(need(value, "ended"));
        }
        return true;
    } catch (const json::BadText&) {
        return false;
    } catch (const Unknown&) {
        return false;
    }
}

}  // namespace

std::string request_line(const Request& request) {
    return line("request", json::object()
                               .add("name", json::text(request.name))
                               .add("boot", json::text(request.boot))
                               .add("launcher", process_json(request.launcher))
                               .add("detached", json::boolean(request.detached))
                               .add("foreground", json::boolean(request.foreground)));
}

std::string running_line(const Running& running) {
    const NamedSandbox& sandbox = running.sandbox;
    return line("running", json::object()
                               .add("init", process_json(running.init))
                               .add("command", process_json(running.command))
                               .add("started", json::number(static_cast<std::uint64_t>(sandbox.started)))
                               .add("arguments", json::texts(sandbox.arguments))
                               .add("user", json::number(sandbox.user))
                               .add("group", json::number(sandbox.group))
                               .add("users", ranges_json(sandbox.users))
                               .add("groups", ranges_json(sandbox.groups))
                               .add("fresh", kinds_json(sandbox.fresh))
                               .add("namespaces", inodes_json(sandbox))
                               .add("paths", paths_json(sandbox.paths))
                               .add("capabilities", json::number(sandbox.capabilities.bits()))
                               .add("cwd", json::text(sandbox.cwd))
                               .add("notes", json::texts(sandbox.notes))
                               .add("limits", json::texts(sandbox.limits))
                               .add("cgroup", json::text(sandbox.cgroup))
                               .add("joining", joining_json(running.joining)));
}

std::string ended_line(const Outcome& outcome) {
    Json object = json::object();
    if (outcome.kind != Outcome::Kind::lost) {
        object.add(outcome.kind == Outcome::Kind::exited ? "exit" : "signal",
                   json::number(static_cast<std::uint64_t>(outcome.value)));
    }
    if (outcome.limit) {
        object.add("limit", json::text(spec::name(*outcome.limit)));
    }
    return line("ended", std::move(object));
}

std::optional<Entry> parse_entry(std::string_view text) {
    std::optional<Entry> entry;
    for (std::size_t end = 0; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
        if (!read_line(text.substr(0, end), entry)) {
            break;
        }
    }
    return entry;
}

NamedSandbox sandbox_of(const Entry& entry) {
    NamedSandbox sandbox = entry.running->sandbox;
    sandbox.name = entry.request.name;
    sandbox.detached = entry.request.detached;
    sandbox.launcher = entry.request.launcher.pid;
    sandbox.init = entry.running->init.pid;
    sandbox.command = entry.running->command.pid;
    return sandbox;
}

void check_name(std::string_view name) {
    if (!spec::is_name(name)) {
        throw Error("'" + spec::escaped(name) + "': not a name for a sandbox")
            .with_fix("a letter or a digit, and up to 63 of those and . _ -");
    }
}

}  // namespace sandbox::registry

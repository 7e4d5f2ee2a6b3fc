#include "cli/inspection.hpp"

#include "cli/listing.hpp"
#include "cli/quote.hpp"
#include "cli/table.hpp"
#include "spec/capabilities.hpp"
#include "spec/escape.hpp"
#include "spec/namespaces.hpp"

#include <cstddef>
#include <ctime>
#include <vector>

namespace sandbox::cli {
namespace {

using json::Json;

Json ranges_tree(const std::vector<IdRange>& ranges) {
    Json list = json::array();
    for (const IdRange& range : ranges) {
        list.add(json::object()
                     .add("inside", json::number(range.inside))
                     .add("outside", json::number(range.outside))
                     .add("count", json::number(range.count)));
    }
    return list;
}

Json namespaces_tree(const NamedSandbox& sandbox) {
    Json object = json::object();
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        const NamespaceInode& inode = sandbox.namespaces.at(static_cast<std::size_t>(row.kind));
        if (inode.inside != 0) {
            object.add(
                row.name,
                json::object().add("inside", json::number(inode.inside)).add("outside", json::number(inode.outside)));
        }
    }
    return object;
}

Json paths_tree(const NamedSandbox& sandbox) {
    Json list = json::array();
    for (const ShownPath& path : sandbox.paths) {
        Json object = json::object().add("path", json::text(path.path));
        if (!path.source.empty()) {
            object.add("source", json::text(path.source));
        }
        list.add(object.add("writable", json::boolean(path.writable)));
    }
    return list;
}

Json capabilities_tree(CapabilitySet set) {
    Json list = json::array();
    for (std::size_t i = 0; i < capability_count; ++i) {
        if (set.contains(static_cast<Capability>(i))) {
            list.add(json::text(spec::capability_names.at(i)));
        }
    }
    return list;
}

std::string ranges_text(const char* what, const std::vector<IdRange>& ranges) {
    std::vector<Row> rows;
    for (const IdRange& range : ranges) {
        rows.push_back({std::string("  ") + what, std::to_string(range.inside), std::to_string(range.outside),
                        std::to_string(range.count)});
    }
    return table_text(rows);
}

std::string namespaces_text(const NamedSandbox& sandbox) {
    std::vector<Row> rows;
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        const NamespaceInode& inode = sandbox.namespaces.at(static_cast<std::size_t>(row.kind));
        if (inode.inside != 0) {
            rows.push_back({std::string("  ") + row.name, std::to_string(inode.inside),
                            inode.inside == inode.outside ? "the host's" : "host " + std::to_string(inode.outside)});
        }
    }
    return table_text(rows);
}

std::string paths_text(const NamedSandbox& sandbox) {
    std::vector<Row> rows;
    for (const ShownPath& path : sandbox.paths) {
        rows.push_back({"  " + spec::escaped(path.path), path.writable ? "writable" : "read-only",
                        path.source.empty() ? "private" : spec::escaped(path.source)});
    }
    return table_text(rows);
}

}  // namespace

Json inspection_tree(const NamedSandbox& sandbox) {
    return json::object()
        .add("name", json::text(sandbox.name))
        .add("pid", json::number(static_cast<std::uint64_t>(sandbox.command)))
        .add("init", json::number(static_cast<std::uint64_t>(sandbox.init)))
        .add("launcher", json::number(static_cast<std::uint64_t>(sandbox.launcher)))
        .add("started", json::number(static_cast<std::uint64_t>(sandbox.started)))
        .add("detached", json::boolean(sandbox.detached))
        .add("memory", json::number(live_usage(sandbox).memory))
        .add("command", json::texts(sandbox.arguments))
        .add("cwd", json::text(sandbox.cwd))
        .add("uid", json::number(sandbox.user))
        .add("gid", json::number(sandbox.group))
        .add("uid_map", ranges_tree(sandbox.users))
        .add("gid_map", ranges_tree(sandbox.groups))
        .add("namespaces", namespaces_tree(sandbox))
        .add("paths", paths_tree(sandbox))
        .add("capabilities", capabilities_tree(sandbox.capabilities))
        .add("limits", json::texts(sandbox.limits))
        .add("cgroup", sandbox.cgroup.empty() ? Json{} : json::text(sandbox.cgroup))
        .add("notes", json::texts(sandbox.notes));
}

std::string inspection_json(const NamedSandbox& sandbox) {
    return json::write_json_lines(inspection_tree(sandbox));
}

std::string inspection_text(const NamedSandbox& sandbox) {
    const std::vector<Row> who = {
        {"name", sandbox.name},
        {"command", spec::escaped(command_line(sandbox.arguments))},
        {"cwd", spec::escaped(sandbox.cwd)},
        {"pid", std::to_string(sandbox.command) + " (init " + std::to_string(sandbox.init) + ", launcher " +
                    std::to_string(sandbox.launcher) + (sandbox.detached ? ", detached)" : ")")},
        {"age", age_text(std::time(nullptr) - sandbox.started)},
        {"memory", size_text(live_usage(sandbox).memory)},
        {"user", std::to_string(sandbox.user) + ":" + std::to_string(sandbox.group)},
        {"capabilities", spec::names(sandbox.capabilities)},
    };
    std::string text = table_text(who);
    text += "ids, inside and outside, and how many\n";
    text += ranges_text("uid", sandbox.users) + ranges_text("gid", sandbox.groups);
    text += "namespaces\n" + namespaces_text(sandbox);
    text += "paths\n" + paths_text(sandbox);
    if (!sandbox.limits.empty()) {
        text += "limits\n";
        for (const std::string& limit : sandbox.limits) {
            text += "  " + spec::escaped(limit) + "\n";
        }
    }
    text += "notes\n";
    for (const std::string& note : sandbox.notes) {
        text += "  " + spec::escaped(note) + "\n";
    }
    return text;
}

}  // namespace sandbox::cli

#include "plan/render.hpp"

#include "plan/limits.hpp"
#include "spec/capabilities.hpp"
#include "spec/escape.hpp"
#include "spec/namespaces.hpp"
#include "spec/paths.hpp"

#include <algorithm>

namespace sandbox::plan {
namespace {

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size()), ' ');
    return text;
}

std::string right(const std::string& text, std::size_t width) {
    return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string attributes(const MountAttributes& given) {
    std::string text = given.read_only ? "ro" : "rw";
    text += given.nosuid ? ",nosuid" : "";
    text += given.nodev ? ",nodev" : "";
    text += given.noexec ? ",noexec" : "";
    return text;
}

std::string origin(const Content& content) {
    return content.descriptor < 0 ? "a copy of " + content.source.path
                                  : "from descriptor " + std::to_string(content.descriptor);
}

std::string listed(const std::vector<MountTmpfs::Entry>& entries) {
    std::string text;
    for (const MountTmpfs::Entry& entry : entries) {
        text += (&entry == entries.data() ? " with " : ", ") + entry.path + (S_ISDIR(entry.type) ? "/" : "") +
                (entry.text.empty() ? "" : " -> " + entry.text) +
                (entry.content ? " (" + origin(*entry.content) + ")" : "");
    }
    return text;
}

std::string layered(const MountOverlay& overlay) {
    std::string text;
    for (const BindMount& layer : overlay.layers) {
        text += (text.empty() ? "; over it " : ", ") + layer.source.path;
    }
    return text;
}

std::string written(const MountOverlay& overlay) {
    if (overlay.lower.attributes.read_only) {
        return {};
    }
    if (!overlay.thrown_away_in.empty()) {
        return "; writes go to a directory in " + overlay.thrown_away_in + " and are thrown away";
    }
    return overlay.written ? "; writes go to " + overlay.written->source.path : "; writes are thrown away";
}

std::string detail(const Step& step) {
    if (const auto* bind = std::get_if<BindMount>(&step)) {
        return " (" + attributes(bind->attributes) + (bind->id_mapped >= 0 ? ", idmapped)" : ")");
    }
    if (const auto* scratch = std::get_if<MakeScratch>(&step); scratch != nullptr && !scratch->size.empty()) {
        return "size=" + scratch->size + ", entries=" + scratch->entries;
    }
    if (const auto* scratch = std::get_if<MountScratch>(&step)) {
        return " (tmpfs, " + attributes(scratch->attributes) + ")";
    }
    if (const auto* tmpfs = std::get_if<MountTmpfs>(&step)) {
        return " (mode=" + tmpfs->mode + (tmpfs->size.empty() ? "" : ", size=" + tmpfs->size) + ")" +
               listed(tmpfs->entries);
    }
    if (const auto* overlay = std::get_if<MountOverlay>(&step)) {
        return std::string(" (") + attributes(overlay->lower.attributes) +
               (overlay->lower.id_mapped >= 0 ? ", idmapped" : "") + (overlay->hollow ? ", mount points alone" : "") +
               layered(*overlay) + written(*overlay) + ")" + listed(overlay->entries);
    }
    if (const auto* file = std::get_if<ScratchFile>(&step); file != nullptr && file->content) {
        return " (" + origin(*file->content) + ")";
    }
    if (const auto* landlock = std::get_if<Landlock>(&step)) {
        std::string text = "ABI " + std::to_string(landlock->abi) + ", write below";
        for (const std::string& path : landlock->writable) {
            text += ' ' + path;
        }
        return text;
    }
    if (const auto* descriptors = std::get_if<CloseDescriptors>(&step); descriptors && !descriptors->passed.empty()) {
        std::string text = "0 1 2";
        for (const int number : descriptors->passed) {
            text += ' ' + std::to_string(number);
        }
        return text;
    }
    if (const auto* capabilities = std::get_if<Capabilities>(&step)) {
        return spec::names(capabilities->set);
    }
    if (const auto* group = std::get_if<ProcessGroup>(&step)) {
        if (group->own_terminal) {
            return "its own, in the foreground of its own terminal";
        }
        return group->terminal >= 0 ? "its own, in the foreground of the terminal" : "its own";
    }
    if (const auto* seccomp = std::get_if<Seccomp>(&step)) {
        return seccomp->summary;
    }
    return {};
}

void render_maps(std::string& text, const char* name, const IdMaps& maps) {
    for (const auto& [kind, extents] : {std::pair{"uid_map", &maps.users}, {"gid_map", &maps.groups}}) {
        for (const IdExtent& extent : *extents) {
            text += std::string("  ") + name + ' ' + kind + ": " + std::to_string(extent.inside) + ' ' +
                    std::to_string(extent.outside) + ' ' + std::to_string(extent.count) + '\n';
        }
    }
}

}  // namespace

std::string render(const Plan& plan) {
    NamespaceSet shared;
    for (const spec::NamespaceRow& row : spec::namespace_table) {
        if (!plan.fresh.contains(row.kind) && !plan.inherited.contains(row.kind)) {
            shared.insert(row.kind);
        }
    }
    std::string text = "namespaces:\n  new: " + spec::names(plan.fresh) + '\n';
    text += "  the host's: " + (shared.empty() ? "none" : spec::names(shared)) + '\n';
    if (!plan.inherited.empty()) {
        text += "  joined: " + spec::names(plan.inherited) + '\n';
    }
    text += "  owned by the guest: " + spec::names(plan.owned) + '\n';
    text += "  more may be made of: " + (plan.allowed.empty() ? "none" : spec::names(plan.allowed)) + '\n';
    text += "ids (inside outside count):\n";
    render_maps(text, "setup", plan.setup_maps);
    text += std::string("  setup setgroups: ") + (plan.setgroups ? "allow" : "deny") + '\n';
    if (plan.users_by_helper || plan.groups_by_helper) {
        text += std::string("  written by:") + (plan.users_by_helper ? " newuidmap" : "") +
                (plan.groups_by_helper ? " newgidmap" : "") + '\n';
    }
    render_maps(text, "guest", plan.guest_maps);
    if (plan.time_offsets) {
        text += "clocks: boottime " + std::to_string(plan.time_offsets->boottime) + " s, monotonic " +
                std::to_string(plan.time_offsets->monotonic) + " s\n";
    }
    text += std::string("command: ") +
            (plan.command_is_pid1 ? "pid 1 of a pid namespace of its own\n" : "a child of init\n");
    for (const Placeholder& placeholder : plan.placeholders) {
        text += std::string("placeholder on the host, until the end: ") +
                spec::escaped(spec::join(placeholder.canonical, placeholder.name)) +
                (placeholder.is_directory ? " (directory)" : "") + '\n';
    }
    if (plan.terminal) {
        std::string streams;
        for (std::size_t fd = 0; fd < plan.terminal->streams.size(); ++fd) {
            streams += plan.terminal->streams[fd] ? " " + std::to_string(fd) : std::string();
        }
        text +=
            "terminal: a new one, relayed to the caller's; descriptors on it:" + (streams.empty() ? " none" : streams) +
            '\n';
    }
    text += render_limits(plan);
    text += "steps:\n";
    for (std::size_t index = 0; index < plan.steps.size(); ++index) {
        const Step& step = plan.steps[index];
        const std::string subject = spec::escaped(step_subject(step) + detail(step));
        text += right(std::to_string(index + 1), 4) + "  " +
                (subject.empty() ? step_name(step) : padded(step_name(step), 19) + subject) + '\n';
    }
    text += "environment: " + std::to_string(plan.environment_names.size()) + " passed or set, " +
            std::to_string(plan.environment_withheld) + " withheld\n ";
    for (const std::string& name : plan.environment_names) {
        text += ' ' + spec::escaped(name);
    }
    text += "\nnotes:\n";
    for (const std::string& note : plan.notes) {
        text += "  " + spec::escaped(note) + '\n';
    }
    for (std::size_t fd = 0; fd < plan.relayed.size(); ++fd) {
        if (plan.relayed[fd]) {
            text += "  descriptor " + std::to_string(fd) +
                    (fd > 0 && plan.limits.output ? " is counted" : " is a regular file") +
                    " and goes through a pipe\n";
        }
    }
    return text;
}

}  // namespace sandbox::plan

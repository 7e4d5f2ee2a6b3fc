#include "plan/step.hpp"

#include "plan/overload.hpp"
#include "plan/plan.hpp"

namespace sandbox::plan {
const char* step_name(const Step& step) noexcept {
    return std::visit([](const auto& kind) { return kind.name; }, step);
}

std::string step_subject(const Step& step) {
    return std::visit(
        Overload{
            [](const auto& kind) -> std::string {
                if constexpr (requires { kind.target; }) {
                    return kind.target;
                } else if constexpr (requires { kind.text; }) {
                    return kind.path + " -> " + kind.text;
                } else if constexpr (requires {
                                         kind.value;
                                         kind.path;
                                     }) {
                    return kind.path + " = " + kind.value;
                } else if constexpr (requires {
                                         kind.value;
                                         kind.file;
                                     }) {
                    return kind.file + " = " + kind.value;
                } else if constexpr (requires { kind.path; }) {
                    return kind.path;
                } else if constexpr (requires { kind.value; }) {
                    return kind.value;
                } else {
                    return {};
                }
            },
            [](const MountRoot&) { return std::string("/"); },
            [](const KeepRoot&) { return std::string("/"); },
            [](const BindMount& bind) {
                return bind.source.path == bind.target ? bind.target : bind.source.path + " at " + bind.target;
            },
            [](const MountOverlay& overlay) {
                const std::string& target = overlay.lower.target;
                return overlay.lower.source.path == target ? target : overlay.lower.source.path + " at " + target;
            },
            [](const ChangeIds& ids) {
                std::string text = std::to_string(ids.user) + ':' + std::to_string(ids.group);
                for (const gid_t group : ids.groups) {
                    text += ' ' + std::to_string(group);
                }
                return text;
            },
            [](const CoreLimit& limit) { return std::to_string(limit.bytes); },
            [](const Execute& execute) { return execute.arguments.front(); },
        },
        step);
}

std::string step_asked(const Step& step) {
    return std::visit(
        [](const auto& kind) -> std::string {
            if constexpr (requires { kind.source.asked; }) {
                return kind.source.asked;
            } else if constexpr (requires { kind.lower; }) {
                return kind.lower.source.asked;
            } else if constexpr (requires { kind.asked; }) {
                return kind.asked;
            } else if constexpr (requires { kind.content->source.asked; }) {
                return kind.content ? kind.content->source.asked : std::string();
            } else {
                return {};
            }
        },
        step);
}

std::string map_text(const std::vector<IdExtent>& extents) {
    std::string text;
    for (const IdExtent& extent : extents) {
        text += std::to_string(extent.inside) + ' ' + std::to_string(extent.outside) + ' ' +
                std::to_string(extent.count) + '\n';
    }
    return text;
}

}  // namespace sandbox::plan

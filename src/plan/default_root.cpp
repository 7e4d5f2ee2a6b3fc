// The root of the view: the host's tree or that of --root, its layers, and --overlay /. See default_view.hpp.
#include "plan/default_view.hpp"
#include "spec/paths.hpp"

#include <sandbox/error.hpp>

#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <sys/stat.h>

namespace sandbox::plan {

void DefaultView::make_root() {
    std::set<std::string> replaced = {"proc", "sys", "dev", "tmp", "run"};
    if (!spec_.root) {
        for (const Homes::Hidden& hidden : homes_.hidden()) {
            if (spec::parent(hidden.path) == "/") {
                replaced.insert(hidden.path.substr(1));
            }
        }
        if (whole_) {
            int error = 0;
            const FileId id = tree_.follow("/", error).value_or(FileId{});
            view_.make_empty_root();
            overlays_.show({"/", id, "--overlay /"}, "/", "/");
        } else {
            view_.make_root("/", replaced);
        }
        return;
    }
    const std::string asked = "--root " + *spec_.root;
    const std::optional<Sources::Found> found = sources_.find(*spec_.root, asked, false);
    if (!S_ISDIR(found->id.type)) {
        throw Error(asked + ": " + std::strerror(ENOTDIR));
    }
    plan_.base = found->canonical;
    if (!spec_.layers.empty()) {
        std::vector<Overlays::Place> layers;
        for (const std::string& layer : spec_.layers) {
            const std::string option = "--layer " + layer;
            const std::optional<Sources::Found> there = sources_.find(layer, option, false);
            if (!S_ISDIR(there->id.type)) {
                throw Error(option + ": " + std::strerror(ENOTDIR));
            }
            layers.push_back({{there->reach, there->id, option}, there->canonical});
        }
        view_.make_empty_root();
        overlays_.show_layers({{found->reach, found->id, asked}, plan_.base}, layers, whole_);
        return;
    }
    if (whole_) {
        view_.make_empty_root();
        overlays_.show({found->reach, found->id, asked}, plan_.base, "/");
        return;
    }
    view_.make_root(plan_.base, replaced, view_.id_mapped({{found->reach, found->id, asked}, true}));
}

}  // namespace sandbox::plan

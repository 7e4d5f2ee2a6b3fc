// What the files of a tree of --root say. Pure.
#pragma once

#include "host/facts.hpp"

#include <sandbox/spec.hpp>

#include <string>

namespace sandbox::plan {

/// The text of a file of Spec::root, or of the topmost of its layers that has it.
inline std::string read_of_root(const Spec& spec, const host::Tree& tree, const std::string& path) {
    for (auto layer = spec.layers.rbegin(); layer != spec.layers.rend(); ++layer) {
        if (std::string text = tree.read(*layer, path); !text.empty()) {
            return text;
        }
    }
    return tree.read(*spec.root, path);
}

}  // namespace sandbox::plan

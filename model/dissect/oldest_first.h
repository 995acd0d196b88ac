// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <deque>
#include <map>

namespace ikelab::dissect
{

/// What waits for the rest of it, by key and bounded: the oldest goes first.
template <typename Key, typename Value>
class OldestFirst
{
  public:
    explicit OldestFirst(size_t most) : m_most(most)
    {
    }

    /// The value of a key; a new one takes the place of the oldest if there are too many.
    Value&
    Get(const Key& key)
    {
        const auto [found, isNew] = m_values.try_emplace(key);
        if (isNew)
        {
            m_order.push_back(key);
            if (m_order.size() > m_most)
            {
                m_values.erase(m_order.front());
                m_order.pop_front();
            }
        }
        return found->second;
    }

    /// Nothing for a key that is not there, or not any more.
    const Value*
    Find(const Key& key) const
    {
        const auto found = m_values.find(key);
        return found == m_values.end() ? nullptr : &found->second;
    }

    void
    Forget(const Key& key)
    {
        m_values.erase(key);
        std::erase(m_order, key);
    }

  private:
    size_t m_most;
    std::map<Key, Value> m_values;
    std::deque<Key> m_order;
};

} // namespace ikelab::dissect
